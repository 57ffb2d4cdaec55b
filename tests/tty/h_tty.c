/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_tty.c - see h_tty.h.
 */
#include <sys/kmem.h>

#include "h_tty.h"

void cdev_stop(struct tty *, int);
struct tty *cdev_tty(dev_t);

u_int h_stops;

/* In place of the device switch. */
/* That of the last h_tty; see its callers. */
struct tty *h_cdev_tty;

struct tty *
cdev_tty(dev_t dev __unused)
{

	return h_cdev_tty;
}

void
cdev_stop(struct tty *tp, int rw __unused)
{

	T_CHECK(ttylocked(tp));
	h_stops++;
}

static void
h_send(struct h_dev *hd)
{
	struct tty *const tp = hd->hd_tp;
	int n = ndqb(&tp->t_outq, 0);

	if (hd->hd_chunk > 0)
		n = imin(n, hd->hd_chunk);
	T_CHECK(hd->hd_outlen + (size_t)n <= H_OUTSIZE);
	memcpy(hd->hd_out + hd->hd_outlen, tp->t_outq.c_cf, (size_t)n);
	hd->hd_outlen += (size_t)n;
	ndflush(&tp->t_outq, n);
}

static void
h_oproc(struct tty *tp)
{
	struct h_dev *const hd = tp->t_softc;

	T_CHECK(ttylocked(tp));
	if (hd->hd_hold ||
	    ISSET(tp->t_state, TS_BUSY | TS_TIMEOUT | TS_TTSTOP))
		return;
	while (ttypull(tp)) {
		h_send(hd);
		if (hd->hd_async) {
			SET(tp->t_state, TS_BUSY);
			break;
		}
	}
	(void)ttypull(tp);
}

static int
h_param(struct tty *tp, struct termios *t)
{
	struct h_dev *const hd = tp->t_softc;

	T_CHECK(!ttylocked(tp));
	ttylock(tp);
	hd->hd_params++;
	hd->hd_last = *t;
	if (++hd->hd_inparam > hd->hd_maxparam)
		hd->hd_maxparam = hd->hd_inparam;
	while (hd->hd_param_error == -1)
		(void)ttysleep(tp, &tp->t_modemcv, false, 0);
	hd->hd_inparam--;
	ttyunlock(tp);
	return hd->hd_param_error;
}

static int
h_hwiflow(struct tty *tp, int block)
{
	struct h_dev *const hd = tp->t_softc;

	T_CHECK(ttylocked(tp));
	hd->hd_blocked = block;
	if (block)
		hd->hd_blocks++;
	else
		hd->hd_unblocks++;
	return 1;
}

struct h_dev *
h_attach(void)
{
	struct h_dev *const hd = kmem_zalloc(sizeof(*hd), KM_SLEEP);
	struct tty *const tp = tty_alloc();

	hd->hd_tp = tp;
	hd->hd_out = kmem_alloc(H_OUTSIZE, KM_SLEEP);
	tp->t_softc = hd;
	tp->t_oproc = h_oproc;
	tp->t_param = h_param;
	tp->t_hwiflow = h_hwiflow;
	tp->t_iflag = TTYDEF_IFLAG;
	tp->t_oflag = TTYDEF_OFLAG;
	tp->t_lflag = TTYDEF_LFLAG;
	tp->t_cflag = TTYDEF_CFLAG;
	tp->t_ospeed = 1000000;
	ttsetwater(tp);
	tty_attach(tp);
	return hd;
}

/* As a driver does it at first open. */
struct h_dev *
h_open(void)
{
	struct h_dev *const hd = h_attach();

	(void)ttymodem(hd->hd_tp, 1);
	T_EQ(ttyopen(hd->hd_tp, 0, 0), 0);
	T_EQ(ttylopen(makedev(1, 0), hd->hd_tp), 0);
	h_raw(hd->hd_tp);
	return hd;
}

void
h_free(struct h_dev *hd)
{

	ttylclose(hd->hd_tp, FNONBLOCK);
	ttyclose(hd->hd_tp);
	tty_detach(hd->hd_tp);
	tty_free(hd->hd_tp);
	kmem_free(hd->hd_out, H_OUTSIZE);
	kmem_free(hd, sizeof(*hd));
}

void
h_raw(struct tty *tp)
{

	ttylock(tp);
	tp->t_iflag = 0;
	tp->t_oflag = 0;
	tp->t_lflag = 0;
	tp->t_cc[VMIN] = 1;
	tp->t_cc[VTIME] = 0;
	ttyunlock(tp);
}

void
h_canon(struct tty *tp)
{

	ttylock(tp);
	tp->t_iflag = TTYDEF_IFLAG;
	tp->t_oflag = TTYDEF_OFLAG;
	tp->t_lflag = TTYDEF_LFLAG;
	ttychars(tp);
	ttyunlock(tp);
}

/* The string, byte by byte.  Returns the last result. */
int
h_input(struct h_dev *hd, const char *s)
{
	int error = 0;

	for (; *s != '\0'; s++)
		error = ttyinput((u_char)*s, hd->hd_tp);
	return error;
}

size_t
h_inputn(struct h_dev *hd, const void *buf, size_t len)
{

	return ttyinput_block(hd->hd_tp, buf, NULL, len);
}

static int
h_rw(struct h_dev *hd, void *buf, size_t len, enum uio_rw rw, int flag,
    size_t *done)
{
	/* Two pieces, so that the seam between them is met. */
	struct iovec iov[2] = {
		{ buf, len / 3 },
		{ (char *)buf + len / 3, len - len / 3 },
	};
	struct uio uio = {
		.uio_iov = iov,
		.uio_iovcnt = 2,
		.uio_resid = len,
		.uio_rw = rw,
	};
	const int error = rw == UIO_READ ? ttread(hd->hd_tp, &uio, flag) :
	    ttwrite(hd->hd_tp, &uio, flag);

	*done = len - uio.uio_resid;
	return error;
}

int
h_read(struct h_dev *hd, void *buf, size_t len, int flag, size_t *done)
{

	return h_rw(hd, buf, len, UIO_READ, flag, done);
}

int
h_write(struct h_dev *hd, const void *buf, size_t len, int flag, size_t *done)
{

	return h_rw(hd, __UNCONST(buf), len, UIO_WRITE, flag, done);
}

int
h_ioctl(struct h_dev *hd, u_long cmd, void *data)
{

	return ttioctl(hd->hd_tp, cmd, data, 0, curlwp);
}

/* The chunk in flight has been sent. */
void
h_sent(struct h_dev *hd)
{
	struct tty *const tp = hd->hd_tp;

	ttylock(tp);
	CLR(tp->t_state, TS_BUSY);
	(void)ttstart(tp);
	ttyunlock(tp);
}

/* Let the driver look at its queue again. */
void
h_kick(struct h_dev *hd)
{

	ttylock(hd->hd_tp);
	(void)ttstart(hd->hd_tp);
	ttyunlock(hd->hd_tp);
}

void
h_clear(struct h_dev *hd)
{

	ttylock(hd->hd_tp);
	hd->hd_outlen = 0;
	ttyunlock(hd->hd_tp);
}

/* How much was sent; how many openers sleep. */
size_t
h_outlen(struct h_dev *hd)
{
	size_t n;

	ttylock(hd->hd_tp);
	n = hd->hd_outlen;
	ttyunlock(hd->hd_tp);
	return n;
}

int
h_wopen(struct h_dev *hd)
{
	int n;

	ttylock(hd->hd_tp);
	n = hd->hd_tp->t_wopen;
	ttyunlock(hd->hd_tp);
	return n;
}

static void
h_compare(const char *file, int line, const u_char *got, size_t gotlen,
    const char *want, size_t wantlen)
{
	char shown[256];
	size_t i;
	int n = 0;

	if (gotlen == wantlen && memcmp(got, want, wantlen) == 0)
		return;
	shown[0] = '\0';
	for (i = 0; i < gotlen && n < 240; i++)
		n += snprintf(shown + n, sizeof(shown) - (size_t)n,
		    got[i] >= ' ' && got[i] < 0177 ? "%c" : "<%02x>", got[i]);
	t_fail(file, line, "%zu bytes, wanted %zu: %s", gotlen, wantlen,
	    shown);
}

void
h_expect_out(const char *file, int line, struct h_dev *hd, const char *want,
    size_t len)
{

	h_compare(file, line, hd->hd_out, hd->hd_outlen, want, len);
	h_clear(hd);
}

void
h_expect_read(const char *file, int line, struct h_dev *hd, int flag,
    const char *want, size_t len)
{
	u_char buf[256];
	size_t done;
	const int error = h_read(hd, buf, sizeof(buf), flag, &done);

	if (error != 0)
		t_fail(file, line, "read: error %d", error);
	h_compare(file, line, buf, done, want, len);
}

static int
h_waiters(struct tty *tp, kcondvar_t *cv)
{
	bool yes;

	ttylock(tp);
	yes = cv_has_waiters(cv);
	ttyunlock(tp);
	return yes;
}

int
h_reader_sleeps(void *arg)
{
	struct tty *const tp = ((struct h_dev *)arg)->hd_tp;

	return h_waiters(tp, &tp->t_rawcv);
}

int
h_writer_sleeps(void *arg)
{
	struct tty *const tp = ((struct h_dev *)arg)->hd_tp;

	return h_waiters(tp, &tp->t_outcv);
}

int
h_modem_sleeps(void *arg)
{
	struct tty *const tp = ((struct h_dev *)arg)->hd_tp;

	return h_waiters(tp, &tp->t_modemcv);
}

int
h_param_sleeps(void *arg)
{
	struct tty *const tp = ((struct h_dev *)arg)->hd_tp;

	return h_waiters(tp, &tp->t_paramcv);
}
