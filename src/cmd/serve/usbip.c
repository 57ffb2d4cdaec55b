/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbip.c - a software device on a port of vhci_hcd.
 *
 * Model
 *	vhci_hcd takes one end of a socket as its network and speaks USB/IP on
 *	it: a header of 48 bytes, big endian, for each transfer (SUBMIT) and
 *	each cancellation of one (UNLINK), and its answer.  A thread reads the
 *	other end and makes each SUBMIT a transfer of hyp_usb.h, whose
 *	completion, on the device's event thread, writes the answer.
 *
 *	A cancelled transfer is answered by the answer to its UNLINK alone,
 *	with ECONNRESET; one that was complete already by both, and then the
 *	UNLINK's says 0.
 *
 *	vhci_hcd numbers transfers in the order in which it sends them, but
 *	its sender takes from two queues in turn, each until it is empty, and
 *	an UNLINK can overtake the SUBMIT that it is for.  "Not here" would
 *	be a wrong answer to that: vhci_hcd would take the one to the SUBMIT
 *	for a broken connection and unplug, or its client would wait for ever.
 *	So an UNLINK of a number that has not come waits for it (u_early).
 *
 *	A SUBMIT does not say whether its endpoint is bulk or interrupt; only
 *	the latter has an interval.  Isochronous ones are refused.
 *
 * What the kernel sends is believed as far as it is the kernel's: lengths are
 * bounded (MAXDATA), and a header that makes no sense ends the connection.
 *
 * Locks
 *	u_lock protects the lists and keeps answers whole; the kernel always
 *	reads.  It comes before the device's own lock, which is not held in a
 *	completion.
 */
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/serve.h"

#define	CMD_SUBMIT	1
#define	CMD_UNLINK	2
#define	RET_SUBMIT	3
#define	RET_UNLINK	4
#define	DIR_IN		1
#define	MAXDATA		(1024 * 1024)
#define	MAXEARLY	256

struct header {
	uint32_t	 h_cmd;
	uint32_t	 h_seq;
	uint32_t	 h_devid;
	uint32_t	 h_dir;
	uint32_t	 h_ep;
	uint32_t	 h_word[5];	/* SUBMIT: flags, length, start, packets,
					   interval; UNLINK: whose */
	uint8_t		 h_setup[8];
};

struct urb {
	TAILQ_ENTRY(urb) r_link;
	struct usbip	*r_usbip;
	struct hyp_usbx	*r_x;
	void		*r_buf;
	uint32_t	 r_seq;
	uint32_t	 r_unlink;	/* an UNLINK's number, if r_unlinked */
	bool		 r_unlinked;
	bool		 r_in;
};

struct usbip {
	int		 u_sock;
	unsigned	 u_port;
	struct hyp_usb	*u_dev;
	pthread_t	 u_thread;
	pthread_mutex_t	 u_lock;
	TAILQ_HEAD(, urb) u_urbs;
	bool		 u_closing;	/* usbip_stop frees them */
	uint32_t	 u_last;	/* number of the last SUBMIT */
	struct {
		uint32_t seq, victim;
	}		 u_early[MAXEARLY];
	unsigned	 u_nearly;
};

/* ---- answers, u_lock held ------------------------------------------- */

/* A header and data, as one. */
static void
send_all(struct usbip *u, struct header *h, const void *data, size_t len)
{
	struct iovec iov[2] = { { h, sizeof(*h) },
	    { (void *)(uintptr_t)data, len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n;

	while (msg.msg_iovlen > 0) {
		n = sendmsg(u->u_sock, &msg, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n < 0)
			return;		/* unplugged */
		while (msg.msg_iovlen > 0 &&
		    (size_t)n >= msg.msg_iov->iov_len) {
			n -= (ssize_t)msg.msg_iov->iov_len;
			msg.msg_iov++;
			msg.msg_iovlen--;
		}
		if (msg.msg_iovlen > 0) {
			msg.msg_iov->iov_base = (char *)
			    msg.msg_iov->iov_base + n;
			msg.msg_iov->iov_len -= (size_t)n;
		}
	}
}

static void
answer(struct usbip *u, uint32_t cmd, uint32_t seq, int status,
    const void *data, uint32_t len, uint32_t actual)
{
	struct header h = { .h_cmd = htonl(cmd), .h_seq = htonl(seq) };

	h.h_word[0] = htonl((uint32_t)status);
	h.h_word[1] = htonl(actual);
	send_all(u, &h, data, len);
}

static int
status_errno(int status)
{

	switch (status) {
	case HYP_USB_OK:
		return 0;
	case HYP_USB_CANCELLED:
		return -ECONNRESET;
	case HYP_USB_STALL:
		return -EPIPE;
	case HYP_USB_NODEV:
		return -ESHUTDOWN;
	case HYP_USB_OVERFLOW:
		return -EOVERFLOW;
	default:
		return -EPROTO;
	}
}

static void
answer_urb(struct urb *r, int status, uint32_t actlen)
{
	struct usbip *u = r->r_usbip;

	if (!r->r_unlinked || status != HYP_USB_CANCELLED)
		answer(u, RET_SUBMIT, r->r_seq, status_errno(status), r->r_buf,
		    r->r_in ? actlen : 0, actlen);
	if (r->r_unlinked)
		answer(u, RET_UNLINK, r->r_unlink,
		    status == HYP_USB_CANCELLED ? -ECONNRESET : 0, NULL, 0, 0);
}

/* ---- transfers ------------------------------------------------------ */

/* Completion, on the device's event thread. */
static void
urb_done(void *cookie, int status, uint32_t actlen)
{
	struct urb *r = cookie;
	struct usbip *u = r->r_usbip;
	bool closing;

	pthread_mutex_lock(&u->u_lock);
	closing = u->u_closing;
	if (!closing) {
		TAILQ_REMOVE(&u->u_urbs, r, r_link);
		answer_urb(r, status, actlen);
	}
	pthread_mutex_unlock(&u->u_lock);
	if (closing)
		return;
	hyp_usbx_free(r->r_x);
	free(r);
}

static void
unlink_urb(struct usbip *u, uint32_t seq, uint32_t victim)
{
	struct urb *r;

	TAILQ_FOREACH(r, &u->u_urbs, r_link) {
		if (r->r_seq == victim)
			break;
	}
	if (r == NULL || r->r_unlinked) {
		answer(u, RET_UNLINK, seq, 0, NULL, 0, 0);
		return;
	}
	r->r_unlinked = true;
	r->r_unlink = seq;
	hyp_usbx_cancel(r->r_x);
}

/* The UNLINK that came before this SUBMIT, if one did. */
static void
unlink_early(struct usbip *u, uint32_t seq)
{

	for (unsigned i = 0; i < u->u_nearly; i++) {
		if (u->u_early[i].victim != seq)
			continue;
		unlink_urb(u, u->u_early[i].seq, seq);
		u->u_early[i] = u->u_early[--u->u_nearly];
		return;
	}
}

/* A transfer for a SUBMIT; NULL: no memory, or of a kind that is not here. */
static struct urb *
urb_make(struct usbip *u, const struct header *h, uint32_t len)
{
	const uint32_t packets = ntohl(h->h_word[3]);
	const bool in = ntohl(h->h_dir) == DIR_IN;
	const uint8_t ep = (uint8_t)(ntohl(h->h_ep) | (in ? 0x80 : 0));
	const int type = (ep & 0xf) == 0 ? HYP_USB_CONTROL :
	    h->h_word[4] != 0 ? HYP_USB_INTR : HYP_USB_BULK;
	struct urb *r;

	if ((packets != 0 && packets != UINT32_MAX) ||
	    (r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->r_usbip = u;
	r->r_seq = ntohl(h->h_seq);
	r->r_in = type == HYP_USB_CONTROL ? (h->h_setup[0] & 0x80) != 0 : in;
	if (hyp_usbx_alloc(u->u_dev, type, type == HYP_USB_CONTROL ? 0 : ep,
	    len, urb_done, r, &r->r_x, &r->r_buf) != 0) {
		free(r);
		return NULL;
	}
	return r;
}

/* u_lock held; data is what an OUT brought. */
static void
submit(struct usbip *u, const struct header *h, const void *data, uint32_t len)
{
	const uint32_t seq = ntohl(h->h_seq);
	const bool control = ntohl(h->h_ep) == 0;
	struct urb *r;

	u->u_last = seq;
	r = urb_make(u, h, len);
	if (r == NULL) {
		answer(u, RET_SUBMIT, seq, -EINVAL, NULL, 0, 0);
		return;
	}
	if (!r->r_in && len > 0)
		memcpy(r->r_buf, data, len);
	TAILQ_INSERT_TAIL(&u->u_urbs, r, r_link);
	if (hyp_usbx_submit(r->r_x, control ? h->h_setup : NULL, len, 0) != 0) {
		TAILQ_REMOVE(&u->u_urbs, r, r_link);
		hyp_usbx_free(r->r_x);
		free(r);
		answer(u, RET_SUBMIT, seq, -ESHUTDOWN, NULL, 0, 0);
		/* An UNLINK that was early finds nothing, as a late one. */
	}
	unlink_early(u, seq);
}

static bool
read_all(int fd, void *buf, size_t len)
{
	char *p = buf;
	ssize_t n;

	while (len > 0) {
		n = read(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* One command; false: it makes no sense. */
static bool
serve_one(struct usbip *u, const struct header *h, void *data)
{
	const bool in = ntohl(h->h_dir) == DIR_IN;
	const uint32_t len = ntohl(h->h_word[1]), victim = ntohl(h->h_word[0]);
	bool ok = true;

	if (ntohl(h->h_cmd) == CMD_SUBMIT) {
		if (len > MAXDATA || ntohl(h->h_ep) > 15 ||
		    (ntohl(h->h_ep) == 0 &&
		    len != (h->h_setup[6] | (uint32_t)h->h_setup[7] << 8)) ||
		    (!in && !read_all(u->u_sock, data, len)))
			return false;
		pthread_mutex_lock(&u->u_lock);
		submit(u, h, data, len);
	} else if (ntohl(h->h_cmd) == CMD_UNLINK) {
		pthread_mutex_lock(&u->u_lock);
		if ((int32_t)(victim - u->u_last) <= 0)
			unlink_urb(u, ntohl(h->h_seq), victim);
		else if ((ok = u->u_nearly < MAXEARLY)) {
			u->u_early[u->u_nearly].seq = ntohl(h->h_seq);
			u->u_early[u->u_nearly++].victim = victim;
		}
	} else
		return false;
	pthread_mutex_unlock(&u->u_lock);
	return ok;
}

static void *
serve(void *arg)
{
	struct usbip *u = arg;
	void *data = malloc(MAXDATA);
	struct header h;

	while (data != NULL && read_all(u->u_sock, &h, sizeof(h))) {
		if (!serve_one(u, &h, data)) {
			complain("port %u: the kernel said what makes no sense",
			    u->u_port);
			break;
		}
	}
	free(data);
	(void)shutdown(u->u_sock, SHUT_RDWR);
	return NULL;
}

/* ---- begin and end -------------------------------------------------- */

/* Everything of it but the thread. */
static void
usbip_free(struct usbip *u)
{
	struct urb *r;

	pthread_mutex_lock(&u->u_lock);
	u->u_closing = true;
	pthread_mutex_unlock(&u->u_lock);
	while ((r = TAILQ_FIRST(&u->u_urbs)) != NULL) {
		TAILQ_REMOVE(&u->u_urbs, r, r_link);
		hyp_usbx_free(r->r_x);
		free(r);
	}
	hyp_usb_close(u->u_dev);
	close(u->u_sock);
	pthread_mutex_destroy(&u->u_lock);
	free(u);
}

int
usbip_start(uint32_t bus, uint32_t addr, unsigned speed, unsigned port,
    struct usbip **up)
{
	struct usbip *u = calloc(1, sizeof(*u));
	int fds[2], error;

	if (u == NULL)
		return ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1) {
		error = errno;
		free(u);
		return error;
	}
	u->u_sock = fds[0];
	u->u_port = port;
	TAILQ_INIT(&u->u_urbs);
	pthread_mutex_init(&u->u_lock, NULL);
	error = hyp_usb_open(bus, addr, u, &u->u_dev);
	if (error != 0) {
		close(fds[0]);
		close(fds[1]);
		pthread_mutex_destroy(&u->u_lock);
		free(u);
		return error;
	}
	error = pthread_create(&u->u_thread, NULL, serve, u);
	if (error != 0) {
		close(fds[1]);
		usbip_free(u);
		return error;
	}
	error = vhci_attach(port, fds[1], speed);
	close(fds[1]);
	if (error != 0) {
		usbip_stop(u);
		return error;
	}
	*up = u;
	return 0;
}

void
usbip_stop(struct usbip *u)
{

	vhci_switch_off(u->u_port);
	(void)shutdown(u->u_sock, SHUT_RDWR);
	pthread_join(u->u_thread, NULL);
	vhci_wait_gone(u->u_port);
	usbip_free(u);
}
