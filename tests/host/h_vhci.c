/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_vhci.c - the device of h_vhci.h.
 *
 * Model
 *	vhci_hcd takes one end of a socket as its network and speaks USB/IP
 *	on it: 48-byte headers, big endian, CMD_SUBMIT and CMD_UNLINK from
 *	the kernel, RET_SUBMIT and RET_UNLINK from us.  A thread serves the
 *	other end.  Closing the socket is pulling the plug.
 *
 * Locks
 *	hv_mtx protects the lists and keeps answers whole.  The kernel reads
 *	the socket without waiting for us, so writing with it held is fine.
 */
#include <sys/queue.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_vhci.h"

#define	CMD_SUBMIT	1
#define	CMD_UNLINK	2
#define	RET_SUBMIT	3
#define	RET_UNLINK	4
#define	DIR_IN		1
#define	SPEED_HIGH	3
#define	MAXDATA		65536

struct header {
	uint32_t	 h_cmd;
	uint32_t	 h_seq;
	uint32_t	 h_devid;
	uint32_t	 h_dir;
	uint32_t	 h_ep;
	uint32_t	 h_word[5];	/* submit: flags, length, ... */
	uint8_t		 h_setup[8];
};

struct pending {
	TAILQ_ENTRY(pending) p_entry;
	uint32_t	 p_seq;		/* big endian, as it came */
	uint32_t	 p_victim;	/* of an UNLINK */
	uint32_t	 p_length;
};
TAILQ_HEAD(pending_head, pending);

struct h_vhci {
	int		 hv_sock;
	unsigned	 hv_port;
	pthread_t	 hv_thread;
	pthread_mutex_t	 hv_mtx;
	pthread_cond_t	 hv_cv;		/* hv_held has become 0 */
	int		 hv_deaf;
	int		 hv_held;
	unsigned	 hv_overtaken;
	uint32_t	 hv_last;	/* number of the last SUBMIT */
	size_t		 hv_received;
	struct pending_head hv_in;
	struct pending_head hv_unlinks;
	struct pending_head hv_early;	/* UNLINKs ahead of their SUBMIT */
};

static const uint8_t config_desc[32] = {
	9, 2, 32, 0, 1, 1, 0, 0x80, 50,
	9, 4, 0, 0, 2, 0xff, 0, 0, 0,
	7, 5, 0x81, 2, 0, 2, 0,
	7, 5, 0x02, 2, 0, 2, 0,
};

static int
read_whole(int fd, void *buf, size_t len)
{
	char *p = buf;
	ssize_t n;

	while (len > 0) {
		n = read(fd, p, len);
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static void
answer(struct h_vhci *hv, uint32_t cmd, uint32_t seq, int status,
    const void *data, size_t len, size_t actual)
{
	struct header h;

	memset(&h, 0, sizeof(h));
	h.h_cmd = htonl(cmd);
	h.h_seq = seq;
	h.h_word[0] = htonl((uint32_t)status);
	h.h_word[1] = htonl((uint32_t)actual);
	(void)send(hv->hv_sock, &h, sizeof(h), MSG_NOSIGNAL);
	if (len > 0)
		(void)send(hv->hv_sock, data, len, MSG_NOSIGNAL);
}

static size_t
get_descriptor(struct h_vhci *hv, unsigned type, unsigned index, uint8_t *buf)
{
	const uint8_t dev[18] = { 18, 1, 0, 2, 0xff, 0, 0, 64,
	    H_VHCI_VENDOR & 0xff, H_VHCI_VENDOR >> 8,
	    (uint8_t)((H_VHCI_PRODUCT & 0xff) + hv->hv_port),
	    H_VHCI_PRODUCT >> 8, 0, 1, 0, 0, 0, 1 };

	switch (type) {
	case 1:
		memcpy(buf, dev, sizeof(dev));
		return sizeof(dev);
	case 2:
		if (index != 0)
			return 0;
		memcpy(buf, config_desc, sizeof(config_desc));
		return sizeof(config_desc);
	default:
		return 0;
	}
}

static void
control(struct h_vhci *hv, const struct header *h, uint32_t length)
{
	const uint8_t *s = h->h_setup;
	uint8_t buf[64] = { 0 };
	size_t n, want = (size_t)s[6] | (size_t)s[7] << 8;

	if ((s[0] & 0x80) == 0) {
		answer(hv, RET_SUBMIT, h->h_seq, 0, NULL, 0, length);
		return;
	}
	n = s[1] == 6 ? get_descriptor(hv, s[3], s[2], buf) : 2;
	if (n > want)
		n = want;
	answer(hv, RET_SUBMIT, h->h_seq, n != 0 ? 0 : -EPIPE, buf, n, n);
}

static struct pending *
pending_add(struct pending_head *head, uint32_t seq, uint32_t victim,
    uint32_t length)
{
	struct pending *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	p->p_seq = seq;
	p->p_victim = victim;
	p->p_length = length;
	TAILQ_INSERT_TAIL(head, p, p_entry);
	return p;
}

/* Take a transfer back, if it is still here. */
static void
unlink_now(struct h_vhci *hv, uint32_t seq, uint32_t victim)
{
	struct pending *p;

	TAILQ_FOREACH(p, &hv->hv_in, p_entry) {
		if (p->p_seq == victim)
			break;
	}
	answer(hv, RET_UNLINK, seq, p != NULL ? -ECONNRESET : 0, NULL, 0, 0);
	if (p != NULL) {
		TAILQ_REMOVE(&hv->hv_in, p, p_entry);
		free(p);
	}
}

/* An UNLINK, whose SUBMIT was here. */
static void
serve_unlink(struct h_vhci *hv, uint32_t seq, uint32_t victim)
{

	if (hv->hv_deaf)
		(void)pending_add(&hv->hv_unlinks, seq, victim, 0);
	else
		unlink_now(hv, seq, victim);
}

static void
serve_submit(struct h_vhci *hv, const struct header *h)
{
	uint32_t length = ntohl(h->h_word[1]);

	if (ntohl(h->h_ep) == 0) {
		control(hv, h, length);
	} else if (ntohl(h->h_dir) == DIR_IN) {
		(void)pending_add(&hv->hv_in, h->h_seq, 0, length);
	} else {
		hv->hv_received += length;
		answer(hv, RET_SUBMIT, h->h_seq, 0, NULL, 0, length);
	}
}

/*
 * serve_one(hv, h)
 *
 *	vhci_hcd numbers the transfers in the order in which it sends them,
 *	but its sender takes from two queues in turn, each until it is empty,
 *	and an UNLINK can overtake the SUBMIT that it is for:
 *
 *		vhci_hcd's sender		reaper, other threads
 *		no SUBMIT is left
 *		sends UNLINK a
 *						a comes back by itself
 *						submit b, cancel b
 *		sends UNLINK b, then SUBMIT b
 *
 *	"Not here" would be a wrong answer to that UNLINK: vhci_hcd would
 *	either forget that b is to be cancelled, so that its canceller waits
 *	for ever, or give b back as complete, and then take our answer to
 *	SUBMIT b for a broken connection and unplug the device.  So an UNLINK
 *	of a number that has not come yet waits on hv_early for it.
 */
static void
serve_one(struct h_vhci *hv, const struct header *h)
{
	struct pending *p;

	if (ntohl(h->h_cmd) == CMD_UNLINK) {
		if (ntohl(h->h_word[0]) > hv->hv_last) {
			hv->hv_overtaken++;
			(void)pending_add(&hv->hv_early, h->h_seq,
			    h->h_word[0], 0);
		} else {
			serve_unlink(hv, h->h_seq, h->h_word[0]);
		}
		return;
	}
	hv->hv_last = ntohl(h->h_seq);
	serve_submit(hv, h);
	TAILQ_FOREACH(p, &hv->hv_early, p_entry) {
		if (p->p_victim == h->h_seq)
			break;
	}
	if (p != NULL) {
		TAILQ_REMOVE(&hv->hv_early, p, p_entry);
		serve_unlink(hv, p->p_seq, p->p_victim);
		free(p);
	}
}

static void *
serve(void *arg)
{
	static _Thread_local uint8_t data[MAXDATA];
	struct h_vhci *hv = arg;
	uint32_t length;
	struct header h;

	while (read_whole(hv->hv_sock, &h, sizeof(h)) == 0) {
		length = ntohl(h.h_word[1]);
		if (ntohl(h.h_cmd) == CMD_SUBMIT &&
		    ntohl(h.h_dir) != DIR_IN && length != 0 &&
		    (length > MAXDATA ||
		    read_whole(hv->hv_sock, data, length) != 0))
			break;
		pthread_mutex_lock(&hv->hv_mtx);
		while (hv->hv_held)
			pthread_cond_wait(&hv->hv_cv, &hv->hv_mtx);
		serve_one(hv, &h);
		pthread_mutex_unlock(&hv->hv_mtx);
	}
	return NULL;
}

struct h_vhci *
h_vhci_plug(unsigned port)
{
	struct h_vhci *hv;
	int fds[2], fd, ok, small = 1;

	fd = open("/sys/devices/platform/vhci_hcd.0/attach",
	    O_WRONLY | O_CLOEXEC);
	hv = calloc(1, sizeof(*hv));
	if (fd == -1 || hv == NULL ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		return NULL;
	hv->hv_sock = fds[0];
	hv->hv_port = port;
	pthread_mutex_init(&hv->hv_mtx, NULL);
	pthread_cond_init(&hv->hv_cv, NULL);
	TAILQ_INIT(&hv->hv_in);
	TAILQ_INIT(&hv->hv_unlinks);
	TAILQ_INIT(&hv->hv_early);
	/* The least there is, for h_vhci_hold: room for a few commands. */
	(void)setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	ok = dprintf(fd, "%u %d %u %d", port, fds[1], 1u << 16 | (port + 2),
	    SPEED_HIGH) > 0;
	close(fd);
	close(fds[1]);
	if (!ok || pthread_create(&hv->hv_thread, NULL, serve, hv) != 0)
		return NULL;
	return hv;
}

static void
pending_free(struct pending_head *head)
{
	struct pending *p;

	while ((p = TAILQ_FIRST(head)) != NULL) {
		TAILQ_REMOVE(head, p, p_entry);
		free(p);
	}
}

void
h_vhci_unplug(struct h_vhci *hv)
{

	(void)shutdown(hv->hv_sock, SHUT_RDWR);
	h_vhci_hold(hv, 0);
	(void)pthread_join(hv->hv_thread, NULL);
	close(hv->hv_sock);
	pending_free(&hv->hv_in);
	pending_free(&hv->hv_unlinks);
	pending_free(&hv->hv_early);
	pthread_cond_destroy(&hv->hv_cv);
	pthread_mutex_destroy(&hv->hv_mtx);
	free(hv);
}

void
h_vhci_deaf(struct h_vhci *hv, int deaf)
{
	struct pending *p;

	pthread_mutex_lock(&hv->hv_mtx);
	hv->hv_deaf = deaf;
	while (!deaf && (p = TAILQ_FIRST(&hv->hv_unlinks)) != NULL) {
		TAILQ_REMOVE(&hv->hv_unlinks, p, p_entry);
		unlink_now(hv, p->p_seq, p->p_victim);
		free(p);
	}
	pthread_mutex_unlock(&hv->hv_mtx);
}

void
h_vhci_hold(struct h_vhci *hv, int held)
{

	pthread_mutex_lock(&hv->hv_mtx);
	hv->hv_held = held;
	pthread_cond_broadcast(&hv->hv_cv);
	pthread_mutex_unlock(&hv->hv_mtx);
}

int
h_vhci_send(struct h_vhci *hv, const void *data, size_t len)
{
	struct pending *p;
	int sent;

	pthread_mutex_lock(&hv->hv_mtx);
	p = TAILQ_FIRST(&hv->hv_in);
	sent = p != NULL;
	if (sent) {
		TAILQ_REMOVE(&hv->hv_in, p, p_entry);
		if (len > p->p_length)
			len = p->p_length;
		answer(hv, RET_SUBMIT, p->p_seq, 0, data, len, len);
	}
	pthread_mutex_unlock(&hv->hv_mtx);
	free(p);
	return sent;
}

static unsigned
count(struct h_vhci *hv, const struct pending_head *head)
{
	const struct pending *p;
	unsigned n = 0;

	pthread_mutex_lock(&hv->hv_mtx);
	TAILQ_FOREACH(p, head, p_entry)
		n++;
	pthread_mutex_unlock(&hv->hv_mtx);
	return n;
}

unsigned
h_vhci_waiting(struct h_vhci *hv)
{

	return count(hv, &hv->hv_in);
}

unsigned
h_vhci_unlinks(struct h_vhci *hv)
{

	return count(hv, &hv->hv_unlinks);
}

size_t
h_vhci_received(struct h_vhci *hv)
{
	size_t n;

	pthread_mutex_lock(&hv->hv_mtx);
	n = hv->hv_received;
	pthread_mutex_unlock(&hv->hv_mtx);
	return n;
}

unsigned
h_vhci_overtaken(struct h_vhci *hv)
{
	unsigned n;

	pthread_mutex_lock(&hv->hv_mtx);
	n = hv->hv_overtaken;
	pthread_mutex_unlock(&hv->hv_mtx);
	return n;
}
