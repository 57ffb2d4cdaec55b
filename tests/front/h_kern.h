/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_kern.h - the kernel's end of a CUSE channel, for tests without CUSE.
 *
 * A struct kern is one channel: the far end of the socket that
 * kern_open_channel gives to the front end in the place of /dev/cuse.  The
 * test plays the clients: it sends requests and looks at the answers.
 */
#ifndef TESTS_FRONT_H_KERN_H
#define TESTS_FRONT_H_KERN_H

#include <stddef.h>
#include <stdint.h>

struct kern;

struct kern_reply {
	int		 kr_error;	/* positive errno */
	size_t		 kr_len;	/* of what follows the header */
	unsigned char	 kr_data[256];	/* its beginning */
};

/* front_config.open_channel: a new channel; CUSE_INIT has been asked. */
int	kern_open_channel(void *);

/* The channel that was opened last, and how many there have been. */
struct kern *kern_last(void);
unsigned kern_count(void);

/* DEVNAME, major and minor, max_write and flags of the answer to CUSE_INIT. */
void	kern_init_answer(struct kern *, char *, size_t, unsigned *, unsigned *,
	    unsigned *, unsigned *);

/* End the connection as the kernel does, and forget it. */
void	kern_abort(struct kern *);
/* Forget it; the front end has closed its end. */
void	kern_free(struct kern *);
/* Has the front end closed its end? */
int	kern_closed(void *);

/*
 * Requests.  Each returns the number by which kern_wait finds its answer.
 */
uint64_t kern_send(struct kern *, unsigned, const void *, size_t,
	    const void *, size_t);
uint64_t kern_open(struct kern *, int);
uint64_t kern_send_again(struct kern *, unsigned, const void *, size_t);
uint64_t kern_read(struct kern *, uint64_t, size_t, uint64_t, int);
uint64_t kern_write(struct kern *, uint64_t, const void *, size_t, uint64_t,
	    int);
uint64_t kern_ioctl(struct kern *, uint64_t, unsigned, uint64_t, unsigned,
	    const void *, size_t, size_t);
uint64_t kern_poll(struct kern *, uint64_t, unsigned, int);
uint64_t kern_release(struct kern *, uint64_t);
uint64_t kern_release_flags(struct kern *, uint64_t, int);
void	kern_interrupt(struct kern *, uint64_t);

/* Whom requests come from, from now on. */
void	kern_as(struct kern *, unsigned uid, unsigned gid, unsigned pid);

/* Has it been answered?  Wait for it: kern_wait fails the case after 20 s. */
int	kern_done(struct kern *, uint64_t);
int	kern_wait(struct kern *, uint64_t, struct kern_reply *);

/* Answers are kept until then. */
void	kern_forget(struct kern *);

/* Whole calls that must work. */
uint64_t kern_opened(struct kern *, int);
void	kern_released(struct kern *, uint64_t);

/* Take only one more answer (when it has: kern_holds), so that soon none can
   be written; take them again. */
void	kern_pause(struct kern *, int);
int	kern_holds(void *);

/* INTERRUPTs of requests in progress that the front end did not know. */
unsigned kern_again(struct kern *);

/* From now on answers that nobody waits for are no mistake, but counted: the
   kernel tells who comes after a dead daemon that there is no such request. */
void	kern_allow_unasked(struct kern *);
unsigned kern_unasked(struct kern *);
/* ... and its wish to be sent everything again. */
unsigned kern_resends(struct kern *);

/* Poll notifications so far, and wait until there were n. */
unsigned kern_notified(struct kern *);
void	kern_wait_notified(struct kern *, unsigned);

#endif /* TESTS_FRONT_H_KERN_H */
