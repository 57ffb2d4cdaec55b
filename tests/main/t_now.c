/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_now.c - claims for now (devswctl(8), claim): they join the list, a reload
 * keeps them unless the configuration has the same, and the file that
 * "devswd --claimed" reads gives nobody but root a say (control.h).
 */
#undef NDEBUG
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_test.h"
#include "main/now.h"

static char path[64];

static unsigned
count(const struct claim_head *head)
{
	const struct claim *c;
	unsigned n = 0;

	TAILQ_FOREACH(c, head, c_entry)
		n++;
	return n;
}

static void
join(void)
{
	struct claim_head head = TAILQ_HEAD_INITIALIZER(head);
	struct claim *c = NULL;

	T_CHECK(claim_add(&head, "1:2,unit=3") == NULL);
	T_CHECK(now_add(&head, "1:3", &c) == NULL);
	T_CHECK(c == TAILQ_LAST(&head, claim_head) && c->c_now);
	T_CHECK(strcmp(c->c_at, NOW_AT) == 0);
	T_CHECK(now_add(&head, "1:3", &c) != NULL);
	T_CHECK(now_add(&head, "1:4,unit=3", &c) != NULL);
	T_CHECK(now_add(&head, "none", &c) != NULL);
	T_CHECK(now_add(&head, "", &c) != NULL);
	/* It could be two lines of the file. */
	T_CHECK(now_add(&head, "1:5,serial=a\nffff:ffff", &c) != NULL);
	T_EQ(count(&head), 2);
	claim_free(&head);
}

static void
drop(void)
{
	struct claim_head head = TAILQ_HEAD_INITIALIZER(head);
	struct claim *c, *named;

	T_CHECK(claim_add(&head, "1:2") == NULL);
	T_CHECK(claim_add(&head, "1:3") == NULL);
	named = TAILQ_LAST(&head, claim_head);
	strcpy(named->c_name, "1:2");
	/* Nobody is called nothing. */
	T_CHECK(now_drop(&head, "") == NULL);
	T_CHECK(now_drop(&head, "1") == NULL);
	T_CHECK((c = now_drop(&head, "1:2")) == named);
	free(c);
	T_CHECK((c = now_drop(&head, "1:2")) != NULL);
	free(c);
	T_CHECK(now_drop(&head, "1:2") == NULL);
	T_EQ(count(&head), 0);
}

static void
keep(void)
{
	struct claim_head old = TAILQ_HEAD_INITIALIZER(old);
	struct claim_head new = TAILQ_HEAD_INITIALIZER(new);
	struct claim *c;
	char *text;
	size_t size;
	FILE *f;

	T_CHECK(claim_add(&old, "1:1") == NULL);
	T_CHECK(now_add(&old, "1:2", &c) == NULL);
	T_CHECK(now_add(&old, "1:3,unit=7", &c) == NULL);
	T_CHECK(now_add(&old, "1:4", &c) == NULL);
	T_CHECK(now_add(&old, "1:6", &c) == NULL);
	T_CHECK(claim_add(&new, "1:6") == NULL);
	T_CHECK(claim_add(&new, "1:4,unit=1") == NULL);
	T_CHECK(claim_add(&new, "1:5,unit=7") == NULL);
	T_CHECK((f = open_memstream(&text, &size)) != NULL);
	now_keep(&old, &new, f);
	fclose(f);
	T_EQ(count(&new), 4);
	c = TAILQ_LAST(&new, claim_head);
	T_CHECK(c->c_now && strcmp(c->c_text, "1:2") == 0);
	T_CHECK(strstr(text, "claim 1:3,unit=7 of devswctl: ") != NULL);
	T_CHECK(strstr(text, "same unit") != NULL);
	T_CHECK(strstr(text, "claim 1:4 of devswctl: ") != NULL);
	T_CHECK(strstr(text, "same devices") != NULL);
	T_CHECK(strstr(text, "1:6") == NULL);
	free(text);
	claim_free(&old);
	claim_free(&new);
}

static void
put(const char *text, size_t len, mode_t mode)
{
	FILE *f;

	(void)unlink(path);
	T_CHECK((f = fopen(path, "w")) != NULL);
	T_EQ(fwrite(text, 1, len, f), len);
	T_EQ(fclose(f), 0);
	T_EQ(chmod(path, mode), 0);
}

static unsigned
claims_of(const char *text, size_t len, mode_t mode)
{
	struct claim_head head = TAILQ_HEAD_INITIALIZER(head);
	unsigned n;

	put(text, len, mode);
	now_read(&head, path);
	n = count(&head);
	claim_free(&head);
	return n;
}

static void
file(void)
{
	static const char good[] = "1:2\n1:3,serial=a b\\,c\n";
	static const char bad[] =
	    "\n\n1:2\nnonsense\n1:2\n\0\xff\n1:3,unit=1\n1:4,unit=1";
	struct claim_head head = TAILQ_HEAD_INITIALIZER(head);
	char *const big = malloc(1 << 20);

	snprintf(path, sizeof(path), "/tmp/t_now.%d", (int)getpid());
	now_read(&head, path);
	T_EQ(count(&head), 0);
	T_EQ(claims_of(good, sizeof(good) - 1, 0644), 2);
	T_EQ(claims_of(good, 0, 0644), 0);
	T_EQ(claims_of(bad, sizeof(bad) - 1, 0644), 2);
	/* Others could have written it. */
	T_EQ(claims_of(good, sizeof(good) - 1, 0664), 0);
	T_EQ(claims_of(good, sizeof(good) - 1, 0646), 0);
	/* One endless line, and lines without an end. */
	T_CHECK(big != NULL);
	memset(big, '1', 1 << 20);
	T_EQ(claims_of(big, 1 << 20, 0644), 0);
	for (int i = 0; i < 1 << 17; i++)
		memcpy(big + 8 * i, "0:00000\n", 8);
	T_EQ(claims_of(big, 1 << 20, 0644), 0);
	free(big);
	unlink(path);
	/* What a link leads to is somebody else's choice. */
	T_EQ(symlink("/dev/zero", path), 0);
	now_read(&head, path);
	unlink(path);
	T_EQ(mkfifo(path, 0600), 0);
	now_read(&head, path);
	T_EQ(count(&head), 0);
	unlink(path);
}

static void
file_of_another(void)
{
	struct claim_head head = TAILQ_HEAD_INITIALIZER(head);

	if (geteuid() != 0)
		return;
	put("1:2\n", 4, 0644);
	T_EQ(chown(path, 7, 7), 0);
	now_read(&head, path);
	T_EQ(count(&head), 0);
	unlink(path);
}

const struct t_case t_cases[] = {
	{ "a claim for now is one of the list, and as good as others", join },
	{ "it is taken back by its name or its text", drop },
	{ "a reload keeps it, unless the configuration has the same", keep },
	{ "a file of claims that is not as it should be is harmless", file },
	{ "another user's file gives no right", file_of_another },
	{ NULL, NULL },
};
