/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uhidctl.c - what a HID can do, and what it says; uhidctl(1).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "uhidctl/uhidctl.h"

/* The table that was named, or the installed one if it is there. */
static int
load_usages(struct job *j)
{
	const char *path = j->j_options.o_table;

	if (path == NULL)
		path = getenv("DEVSW_HID_USAGES");
	if (path == NULL)
		return usages_load(&j->j_usages, UHIDCTL_USAGES, true);
	return usages_load(&j->j_usages, path, false);
}

static int
load_model(struct job *j)
{
	const int error = model_create(&j->j_model, j->j_node.n_desc,
	    j->j_node.n_desclen);

	if (error < 0)
		return complain("%s", strerror(-error));
	if (error > 0)
		return complain("%s: bad report descriptor: %s, byte %u of "
		    "%zu", j->j_node.n_path,
		    hidp_strerror(j->j_model.m_error.e_code),
		    j->j_model.m_error.e_off, j->j_node.n_desclen);
	return EXIT_OK;
}

static int
list(struct job *j)
{

	reports_get(j);
	if (j->j_options.o_json)
		json_list(j, stdout);
	else
		show_list(j, stdout);
	return EXIT_OK;
}

static int
work(struct job *j)
{
	const struct options *o = &j->j_options;
	int status;

	if (o->o_raw)
		dump(stdout, j->j_usages, j->j_node.n_desc,
		    j->j_node.n_desclen);
	status = load_model(j);
	if (status == EXIT_OK && !o->o_raw) {
		status = reports_create(j);
		if (status == EXIT_OK)
			status = o->o_loop ? items_watch(j, stdout) :
			    o->o_write ? items_set(j) :
			    o->o_nnames > 0 ? items_get(j, stdout) : list(j);
		reports_destroy(j);
	}
	model_destroy(&j->j_model);
	return status;
}

/* What has been printed is there, or that is the status. */
static int
flushed(int status)
{

	if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_OK)
		status = complain("standard output: %s", strerror(errno));
	return status;
}

int
main(int argc, char **argv)
{
	static struct job job;
	const struct options *o = &job.j_options;
	int status;

	conf_stdio();
	status = options_parse(&job.j_options, argc, argv);
	if (status != EXIT_OK)
		return flushed(status == OPTIONS_DONE ? EXIT_OK : status);
	status = load_usages(&job);
	if (status == EXIT_OK)
		status = o->o_file != NULL ? node_file(&job.j_node, o->o_file)
		    : node_open(&job.j_node, o->o_node, o->o_write);
	if (status == EXIT_OK) {
		status = work(&job);
		node_close(&job.j_node);
	}
	usages_free(job.j_usages);
	return flushed(status);
}
