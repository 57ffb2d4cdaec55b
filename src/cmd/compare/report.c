/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - looking into a document, for the reports.
 */
#include <string.h>

#include "compare/compare.h"

/* A text, or an empty one. */
const char *
doc_str(json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value == NULL ? "" : value;
}

/* Was this system run, and not only read about? */
bool
doc_measured(json_t *system)
{

	return json_is_true(json_object_get(system, "measured"));
}

/* A scenario's run on this hardware with this system, or NULL. */
json_t *
doc_run(json_t *scenario, const char *hardware, const char *system)
{
	json_t *run;
	size_t i;

	json_array_foreach(json_object_get(scenario, "runs"), i, run) {
		if (strcmp(doc_str(run, "hardware"), hardware) == 0 &&
		    strcmp(doc_str(run, "system"), system) == 0)
			return run;
	}
	return NULL;
}
