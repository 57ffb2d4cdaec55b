/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_linux.c - what this machine's own headers say (H code): the numbers that
 * src/kernel/compat spells out, to compare with.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <linux/hidraw.h>
#include <linux/serial.h>
#include <stddef.h>
#include <sys/socket.h>

#include "h_linux.h"

struct termio_size {
	unsigned short	c_flags[4];
	unsigned char	c_line;
	unsigned char	c_cc[8];
};

const struct h_size h_sizes[] = {
	{ "TCGETS", TCGETS, 0, sizeof(struct termios) },
	{ "TCSETS", TCSETS, sizeof(struct termios), 0 },
	{ "TCSETSW", TCSETSW, sizeof(struct termios), 0 },
	{ "TCSETSF", TCSETSF, sizeof(struct termios), 0 },
	{ "TCGETS2", (unsigned)TCGETS2, 0, sizeof(struct termios2) },
	{ "TCSETS2", (unsigned)TCSETS2, sizeof(struct termios2), 0 },
	{ "TCSETSW2", (unsigned)TCSETSW2, sizeof(struct termios2), 0 },
	{ "TCSETSF2", (unsigned)TCSETSF2, sizeof(struct termios2), 0 },
	{ "TCGETA", TCGETA, 0, sizeof(struct termio_size) },
	{ "TCSETA", TCSETA, sizeof(struct termio_size), 0 },
	{ "TCSETAW", TCSETAW, sizeof(struct termio_size), 0 },
	{ "TCSETAF", TCSETAF, sizeof(struct termio_size), 0 },
	{ "TCSBRK", TCSBRK, 0, 0 },
	{ "TCSBRKP", TCSBRKP, 0, 0 },
	{ "TCXONC", TCXONC, 0, 0 },
	{ "TCFLSH", TCFLSH, 0, 0 },
	{ "TIOCEXCL", TIOCEXCL, 0, 0 },
	{ "TIOCNXCL", TIOCNXCL, 0, 0 },
	{ "TIOCGEXCL", (unsigned)TIOCGEXCL, 0, sizeof(int) },
	{ "TIOCOUTQ", TIOCOUTQ, 0, sizeof(int) },
	{ "TIOCINQ", TIOCINQ, 0, sizeof(int) },
	{ "TIOCSTI", TIOCSTI, 1, 0 },
	{ "TIOCGWINSZ", TIOCGWINSZ, 0, 8 },
	{ "TIOCSWINSZ", TIOCSWINSZ, 8, 0 },
	{ "TIOCMGET", TIOCMGET, 0, sizeof(int) },
	{ "TIOCMSET", TIOCMSET, sizeof(int), 0 },
	{ "TIOCMBIS", TIOCMBIS, sizeof(int), 0 },
	{ "TIOCMBIC", TIOCMBIC, sizeof(int), 0 },
	{ "TIOCGSOFTCAR", TIOCGSOFTCAR, 0, sizeof(int) },
	{ "TIOCSSOFTCAR", TIOCSSOFTCAR, sizeof(int), 0 },
	{ "TIOCGSERIAL", TIOCGSERIAL, 0, sizeof(struct serial_struct) },
	{ "TIOCSSERIAL", TIOCSSERIAL, sizeof(struct serial_struct), 0 },
	{ "TIOCGICOUNT", TIOCGICOUNT, 0,
	    sizeof(struct serial_icounter_struct) },
	{ "TIOCSERGETLSR", TIOCSERGETLSR, 0, sizeof(int) },
	{ "TIOCMIWAIT", TIOCMIWAIT, 0, 0 },
	{ "TIOCGETD", TIOCGETD, 0, sizeof(int) },
	{ "TIOCSETD", TIOCSETD, sizeof(int), 0 },
	{ "TIOCSBRK", TIOCSBRK, 0, 0 },
	{ "TIOCCBRK", TIOCCBRK, 0, 0 },
	/* What hidraw reads of the client's memory, and may write. */
	{ "HIDIOCGRDESCSIZE", HIDIOCGRDESCSIZE, 0, sizeof(int) },
	{ "HIDIOCGRDESC", HIDIOCGRDESC, sizeof(__u32),
	    HID_MAX_DESCRIPTOR_SIZE },
	{ "HIDIOCGRAWINFO", HIDIOCGRAWINFO, 0,
	    sizeof(struct hidraw_devinfo) },
	{ "HIDIOCGRAWNAME", HIDIOCGRAWNAME(100), 0, 100 },
	{ "HIDIOCGRAWPHYS", HIDIOCGRAWPHYS(100), 0, 100 },
	{ "HIDIOCSFEATURE", HIDIOCSFEATURE(9), 9, 0 },
	{ "HIDIOCGFEATURE", HIDIOCGFEATURE(9), 1, 9 },
	{ "HIDIOCGFEATURE, none", HIDIOCGFEATURE(0), 0, 0 },
	{ "HIDIOCGRAWUNIQ", _IOC(_IOC_READ, 'H', 8, 100), 0, 100 },
	{ "HIDIOCSINPUT", _IOC(_IOC_READ | _IOC_WRITE, 'H', 9, 9), 9, 0 },
	{ "HIDIOCGINPUT", _IOC(_IOC_READ | _IOC_WRITE, 'H', 10, 9), 1, 9 },
	{ "HIDIOCSOUTPUT", _IOC(_IOC_READ | _IOC_WRITE, 'H', 11, 9), 9, 0 },
	{ "HIDIOCGOUTPUT", _IOC(_IOC_READ | _IOC_WRITE, 'H', 12, 9), 1, 9 },
	{ "HIDIOCREVOKE", _IOW('H', 13, int), 0, 0 },
	{ NULL, 0, 0, 0 }
};

const unsigned h_refused[] = {
	TIOCSCTTY, TIOCNOTTY, TIOCGPGRP, TIOCSPGRP, TIOCGSID, TIOCVHANGUP,
	TIOCCONS, TIOCLINUX, TIOCPKT, (unsigned)TIOCGPTN, TIOCGRS485,
	(unsigned)TIOCGPTLCK, 0
};

/* Every bit that has a name, by word. */
const struct h_bit h_bits[] = {
	{ 'i', "IGNBRK", IGNBRK, 1 }, { 'i', "BRKINT", BRKINT, 1 },
	{ 'i', "IGNPAR", IGNPAR, 1 }, { 'i', "PARMRK", PARMRK, 1 },
	{ 'i', "INPCK", INPCK, 1 }, { 'i', "ISTRIP", ISTRIP, 1 },
	{ 'i', "INLCR", INLCR, 1 }, { 'i', "IGNCR", IGNCR, 1 },
	{ 'i', "ICRNL", ICRNL, 1 }, { 'i', "IUCLC", IUCLC, 0 },
	{ 'i', "IXON", IXON, 1 }, { 'i', "IXANY", IXANY, 1 },
	{ 'i', "IXOFF", IXOFF, 1 }, { 'i', "IMAXBEL", IMAXBEL, 1 },
	{ 'i', "IUTF8", IUTF8, 1 },
	{ 'o', "OPOST", OPOST, 1 }, { 'o', "OLCUC", OLCUC, 0 },
	{ 'o', "ONLCR", ONLCR, 1 }, { 'o', "OCRNL", OCRNL, 1 },
	{ 'o', "ONOCR", ONOCR, 1 }, { 'o', "ONLRET", ONLRET, 1 },
	{ 'o', "OFILL", OFILL, 0 }, { 'o', "OFDEL", OFDEL, 0 },
	{ 'o', "NL1", NL1, 0 }, { 'o', "CR1", CR1, 0 },
	{ 'o', "CR2", CR2, 0 }, { 'o', "TAB1", TAB1, 0 },
	{ 'o', "TAB2", TAB2, 0 }, { 'o', "XTABS", XTABS, 1 },
	{ 'o', "BS1", BS1, 0 }, { 'o', "VT1", VT1, 0 },
	{ 'o', "FF1", FF1, 0 },
	{ 'c', "CS6", CS6, 1 }, { 'c', "CS7", CS7, 1 },
	{ 'c', "CS8", CS8, 1 }, { 'c', "CSTOPB", CSTOPB, 1 },
	{ 'c', "CREAD", CREAD, 1 }, { 'c', "PARENB", PARENB, 1 },
	{ 'c', "PARODD", PARODD, 1 }, { 'c', "HUPCL", HUPCL, 1 },
	{ 'c', "CLOCAL", CLOCAL, 1 }, { 'c', "CMSPAR", CMSPAR, 1 },
	{ 'c', "CRTSCTS", CRTSCTS, 1 },
	{ 'l', "ISIG", ISIG, 1 }, { 'l', "ICANON", ICANON, 1 },
	{ 'l', "XCASE", XCASE, 0 }, { 'l', "ECHO", ECHO, 1 },
	{ 'l', "ECHOE", ECHOE, 1 }, { 'l', "ECHOK", ECHOK, 1 },
	{ 'l', "ECHONL", ECHONL, 1 }, { 'l', "NOFLSH", NOFLSH, 1 },
	{ 'l', "TOSTOP", TOSTOP, 1 }, { 'l', "ECHOCTL", ECHOCTL, 1 },
	{ 'l', "ECHOPRT", ECHOPRT, 1 }, { 'l', "ECHOKE", ECHOKE, 1 },
	{ 'l', "FLUSHO", FLUSHO, 1 }, { 'l', "PENDIN", PENDIN, 1 },
	{ 'l', "IEXTEN", IEXTEN, 1 }, { 'l', "EXTPROC", EXTPROC, 0 },
	{ 0, NULL, 0, 0 }
};

const struct h_speed h_speeds[] = {
	{ B0, 0 }, { B50, 50 }, { B75, 75 }, { B110, 110 }, { B134, 134 },
	{ B150, 150 }, { B200, 200 }, { B300, 300 }, { B600, 600 },
	{ B1200, 1200 }, { B1800, 1800 }, { B2400, 2400 }, { B4800, 4800 },
	{ B9600, 9600 }, { B19200, 19200 }, { B38400, 38400 },
	{ B57600, 57600 }, { B115200, 115200 }, { B230400, 230400 },
	{ B460800, 460800 }, { B500000, 500000 }, { B576000, 576000 },
	{ B921600, 921600 }, { B1000000, 1000000 }, { B1152000, 1152000 },
	{ B1500000, 1500000 }, { B2000000, 2000000 }, { B2500000, 2500000 },
	{ B3000000, 3000000 }, { B3500000, 3500000 }, { B4000000, 4000000 },
	{ -1, 0 }
};
const unsigned h_bother = BOTHER;

/* In the order of NetBSD's names; the same name unless a remark says so. */
const struct h_errno h_errnos[] = {
	{ 1, EPERM }, { 2, ENOENT }, { 3, ESRCH }, { 4, EINTR }, { 5, EIO },
	{ 6, ENXIO }, { 7, E2BIG }, { 8, ENOEXEC }, { 9, EBADF },
	{ 10, ECHILD }, { 11, EDEADLK }, { 12, ENOMEM }, { 13, EACCES },
	{ 14, EFAULT }, { 15, ENOTBLK }, { 16, EBUSY }, { 17, EEXIST },
	{ 18, EXDEV }, { 19, ENODEV }, { 20, ENOTDIR }, { 21, EISDIR },
	{ 22, EINVAL }, { 23, ENFILE }, { 24, EMFILE }, { 25, ENOTTY },
	{ 26, ETXTBSY }, { 27, EFBIG }, { 28, ENOSPC }, { 29, ESPIPE },
	{ 30, EROFS }, { 31, EMLINK }, { 32, EPIPE }, { 33, EDOM },
	{ 34, ERANGE }, { 35, EAGAIN }, { 36, EINPROGRESS },
	{ 37, EALREADY }, { 38, ENOTSOCK }, { 39, EDESTADDRREQ },
	{ 40, EMSGSIZE }, { 41, EPROTOTYPE }, { 42, ENOPROTOOPT },
	{ 43, EPROTONOSUPPORT }, { 44, ESOCKTNOSUPPORT },
	{ 45, EOPNOTSUPP }, { 46, EPFNOSUPPORT }, { 47, EAFNOSUPPORT },
	{ 48, EADDRINUSE }, { 49, EADDRNOTAVAIL }, { 50, ENETDOWN },
	{ 51, ENETUNREACH }, { 52, ENETRESET }, { 53, ECONNABORTED },
	{ 54, ECONNRESET }, { 55, ENOBUFS }, { 56, EISCONN },
	{ 57, ENOTCONN }, { 58, ESHUTDOWN }, { 59, ETOOMANYREFS },
	{ 60, ETIMEDOUT }, { 61, ECONNREFUSED }, { 62, ELOOP },
	{ 63, ENAMETOOLONG }, { 64, EHOSTDOWN }, { 65, EHOSTUNREACH },
	{ 66, ENOTEMPTY }, { 68, EUSERS }, { 69, EDQUOT }, { 70, ESTALE },
	{ 71, EREMOTE }, { 77, ENOLCK }, { 82, EIDRM }, { 83, ENOMSG },
	{ 84, EOVERFLOW }, { 85, EILSEQ }, { 86, ENOTSUP },
	{ 87, ECANCELED }, { 88, EBADMSG }, { 89, ENODATA }, { 90, ENOSR },
	{ 91, ENOSTR }, { 92, ETIME }, { 94, EMULTIHOP }, { 95, ENOLINK },
	{ 96, EPROTO },
	{ 0, 0 }
};
const int h_enosys = ENOSYS;
const int h_enotty = ENOTTY;
const int h_eintr = EINTR;
const int h_eio = EIO;
const int h_eopnotsupp = EOPNOTSUPP;
