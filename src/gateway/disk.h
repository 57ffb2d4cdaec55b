/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk.h - what may have to wait for a disk; disk.c has the model.
 */
#ifndef GATEWAY_DISK_H
#define GATEWAY_DISK_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

struct event_base;

/* A thing to do: jb_do on the disk's thread, then jb_done in the loop. */
struct job {
	STAILQ_ENTRY(job) jb_entry;
	void		(*jb_do)(struct job *);
	void		(*jb_done)(struct job *);
};

bool	disk_begin(struct event_base *);
void	disk_end(unsigned);
void	disk_run(struct job *);

/* ---- logfile.c: the files of a log; on the disk's thread ------------- */

struct logfile;

struct logfile *logfile_new(const char *, const char *, unsigned, unsigned,
	    bool);
void	logfile_free(struct logfile *);
uint64_t logfile_write(struct logfile *, const char *, size_t, uint64_t);

/* ---- download.c ----------------------------------------------------- */

struct http_request;

void	download(struct http_request *, const char *, const char *);
void	downloads_end(void);

#endif /* GATEWAY_DISK_H */
