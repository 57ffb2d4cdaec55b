/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_kpi_kern.c - what a NetBSD driver takes from the kernel beside its subsystem,
 * by section 9 and 3 of its manual: proplib(3), pps (RFC 2783), cnmagic(9),
 * module_hook(9), psignal(9), sysctl(9), atomic_ops(3), and small change of
 * libkern.  What cannot be had is here to fail as its header says.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/bus.h>
#include <sys/compat_stub.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/mutex.h>
#include <sys/proc.h>
#include <sys/queue.h>
#include <sys/filio.h>
#include <sys/rbtree.h>
#include <sys/rndpool.h>
#include <sys/rndsource.h>
#include <sys/signalvar.h>
#include <sys/sysctl.h>
#include <sys/syslog.h>
#include <sys/systm.h>
#include <sys/termios.h>
#include <sys/timepps.h>
#include <sys/ttydefaults.h>
#include <sys/uio.h>

#include <machine/vmparam.h>
#include <fs/unicode.h>

#include <dev/cons.h>
#include <ddb/db_active.h>
#include <ucom.h>

#include "h_test.h"
#include "kern/h_panic.h"

__KERNEL_RCSID(0, "$devsw$");

/* ---- the end ----------------------------------------------------------- */

static void
dies(void)
{

	panic("no %s, %d", "way", 7);
}

/* The first case: there is no other thread yet. */
static void
panics(void)
{
	char text[1024];

	T_CHECK(h_panics(dies, text, sizeof(text)));
	for (const char *p = text; *p != '\0'; p++) {
		if (strncmp(p, "no way, 7", 9) == 0)
			return;
	}
	t_fail(__FILE__, __LINE__, "it said: %s", text);
}

/* ---- proplib --------------------------------------------------------- */

static void
properties(void)
{
	prop_dictionary_t pd;
	const char *text;
	uint64_t u64;
	uint32_t u;
	int32_t i;
	int64_t i64;
	int8_t i8;
	uint8_t u8;
	u_int pieces;
	size_t before;
	bool b;

	kern_init();
	before = kmem_inuse(&pieces);
	pd = prop_dictionary_create();
	T_CHECK(!prop_dictionary_get_int32(pd, "port", &i));
	T_CHECK(prop_dictionary_set_int32(pd, "port", -2));
	T_CHECK(prop_dictionary_get_int32(pd, "port", &i));
	T_EQ(i, -2);
	T_CHECK(!prop_dictionary_get_uint32(pd, "port", &u));	/* below 0 */
	T_CHECK(prop_dictionary_set_uint(pd, "port", 300));
	T_EQ(prop_dictionary_count(pd), 1);
	T_CHECK(prop_dictionary_get_int32(pd, "port", &i));
	T_EQ(i, 300);
	T_CHECK(!prop_dictionary_get_int8(pd, "port", &i8));
	T_CHECK(!prop_dictionary_get_uint8(pd, "port", &u8));
	T_CHECK(!prop_dictionary_get_bool(pd, "port", &b));
	T_CHECK(!prop_dictionary_get_string(pd, "port", &text));

	T_CHECK(prop_dictionary_set_uint64(pd, "big", UINT64_MAX));
	T_CHECK(!prop_dictionary_get_int64(pd, "big", &i64));
	T_CHECK(prop_dictionary_get_uint64(pd, "big", &u64));
	T_CHECK(u64 == UINT64_MAX);
	T_CHECK(prop_dictionary_set_int64(pd, "low", INT64_MIN));
	T_CHECK(prop_dictionary_get_int64(pd, "low", &i64));
	T_CHECK(i64 == INT64_MIN);
	T_CHECK(prop_dictionary_set_bool(pd, "yes", true));
	T_CHECK(prop_dictionary_get_bool(pd, "yes", &b) && b);
	T_CHECK(!prop_dictionary_get_uint(pd, "yes", &u));
	T_CHECK(prop_dictionary_set_string(pd, "name", "a text"));
	T_CHECK(prop_dictionary_get_string(pd, "name", &text));
	T_EQ(strcmp(text, "a text"), 0);

	T_EQ(prop_dictionary_count(pd), 5);
	prop_dictionary_remove(pd, "port");
	prop_dictionary_remove(pd, "port");
	T_CHECK(!prop_dictionary_get_int32(pd, "port", &i));
	T_EQ(prop_dictionary_count(pd), 4);
	prop_object_release(pd);
	T_EQ(kmem_inuse(&pieces), before);
	kern_fini();
}

/* ---- pps ------------------------------------------------------------- */

static int
pps(struct pps_state *ps, u_long cmd, void *data)
{
	int error;

	mutex_spin_enter(&timecounter_lock);
	error = pps_ioctl(cmd, data, ps);
	mutex_spin_exit(&timecounter_lock);
	return error;
}

static void
edge(struct pps_state *ps, int which)
{

	mutex_spin_enter(&timecounter_lock);
	pps_capture(ps);
	pps_event(ps, which);
	mutex_spin_exit(&timecounter_lock);
}

static void
pulses(void)
{
	struct pps_state ps;
	pps_params_t p;
	struct pps_fetch_args fa = { .tsformat = PPS_TSFMT_TSPEC };
	struct timespec now;
	int cap = 0, fd = 0;

	kern_init();
	memset(&ps, 0, sizeof(ps));
	ps.ppscap = PPS_CAPTUREASSERT | PPS_CAPTURECLEAR;
	pps_init(&ps);
	T_EQ(pps(&ps, PPS_IOC_CREATE, NULL), 0);
	T_EQ(pps(&ps, PPS_IOC_GETCAP, &cap), 0);
	T_EQ(cap, PPS_CAPTUREBOTH | PPS_OFFSETASSERT | PPS_OFFSETCLEAR |
	    PPS_TSFMT_TSPEC);
	edge(&ps, PPS_CAPTUREASSERT);		/* nobody wants it yet */
	T_EQ(pps(&ps, PPS_IOC_FETCH, &fa), 0);
	T_EQ(fa.pps_info_buf.assert_sequence, 0);

	T_EQ(pps(&ps, PPS_IOC_GETPARAMS, &p), 0);
	T_EQ(p.api_version, PPS_API_VERS_1);
	T_EQ(p.mode, 0);
	p.mode = PPS_CAPTUREASSERT | PPS_OFFSETASSERT | PPS_TSFMT_TSPEC;
	p.assert_offset.tv_sec = -1;
	p.assert_offset.tv_nsec = 999999999;
	T_EQ(pps(&ps, PPS_IOC_SETPARAMS, &p), 0);
	edge(&ps, PPS_CAPTUREASSERT);
	edge(&ps, PPS_CAPTURECLEAR);		/* not in the mode */
	edge(&ps, PPS_CAPTUREASSERT);
	T_EQ(pps(&ps, PPS_IOC_FETCH, &fa), 0);
	T_EQ(fa.pps_info_buf.assert_sequence, 2);
	T_EQ(fa.pps_info_buf.clear_sequence, 0);
	T_EQ(fa.pps_info_buf.current_mode, p.mode);
	nanotime(&now);
	T_CHECK(now.tv_sec - fa.pps_info_buf.assert_timestamp.tv_sec < 20);
	T_CHECK(fa.pps_info_buf.assert_timestamp.tv_sec * 1000000000 +
	    fa.pps_info_buf.assert_timestamp.tv_nsec == ps.capture.tv_sec *
	    1000000000 + ps.capture.tv_nsec - 1);

	/* What a client may send. */
	p.mode = PPS_CANWAIT;
	T_EQ(pps(&ps, PPS_IOC_SETPARAMS, &p), EINVAL);
	p.mode = PPS_CAPTUREASSERT;
	p.assert_offset.tv_nsec = 1000000000;
	T_EQ(pps(&ps, PPS_IOC_SETPARAMS, &p), EINVAL);
	p.assert_offset.tv_nsec = 0;
	p.assert_offset.tv_sec = INT64_MAX;
	T_EQ(pps(&ps, PPS_IOC_SETPARAMS, &p), EINVAL);
	p.assert_offset.tv_sec = 0;
	p.api_version = 2;
	T_EQ(pps(&ps, PPS_IOC_SETPARAMS, &p), EINVAL);
	fa.tsformat = PPS_TSFMT_NTPFP;
	T_EQ(pps(&ps, PPS_IOC_FETCH, &fa), EINVAL);
	fa.tsformat = 0;
	fa.timeout.tv_sec = 1;
	T_EQ(pps(&ps, PPS_IOC_FETCH, &fa), EOPNOTSUPP);
	T_EQ(pps(&ps, PPS_IOC_KCBIND, &fd), EOPNOTSUPP);
	T_EQ(pps(&ps, PPS_IOC_DESTROY, NULL), 0);
	T_EQ(pps(&ps, 0, NULL), EPASSTHROUGH);
	kern_fini();
}

/* ---- console --------------------------------------------------------- */

static void
console(void)
{
	struct consdev cons = { .cn_dev = makedev(7, 1), .cn_pri = CN_NORMAL };
	struct cnm_state cnm;
	char text[64];

	kern_init();
	T_CHECK(cn_tab == NULL);
	T_CHECK(!cn_isconsole(cons.cn_dev));
	T_CHECK(!cn_isconsole(NODEV));
	T_EQ(db_active, 0);

	T_EQ(cn_set_magic("+a\x27\x01\x27\x02\x27\x27"), 0);
	T_EQ(cn_get_magic(text, sizeof(text)), 0);
	T_EQ(strcmp(text, "+a\x27\x01\x27\x02\x27\x27"), 0);
	T_EQ(cn_get_magic(text, 8), EINVAL);
	T_EQ(cn_set_magic(""), EINVAL);
	T_EQ(cn_set_magic("\x27"), EINVAL);
	T_EQ(cn_set_magic("x\x27\x03"), EINVAL);
	T_EQ(cn_get_magic(text, sizeof(text)), 0);
	T_EQ(text[0], '+');		/* as it was */

	cn_init_magic(&cnm);
	T_EQ(CNS_MAGIC_VAL(cnm.cnm_magic[0]), '+');
	T_EQ(CNS_MAGIC_NEXT(cnm.cnm_magic[0]), 1);
	T_EQ(CNS_MAGIC_VAL(cnm.cnm_magic[2]), CNC_BREAK);
	T_EQ(CNS_MAGIC_VAL(cnm.cnm_magic[3]), 0);
	T_EQ(CNS_MAGIC_NEXT(cnm.cnm_magic[4]), CNS_TERM);
	cn_check_magic(cons.cn_dev, '+', cnm);	/* not of the console */
	T_EQ(cnm.cnm_state, 0);
	cn_tab = &cons;
	T_CHECK(cn_isconsole(cons.cn_dev));
	cn_check_magic(cons.cn_dev, '+', cnm);
	cn_check_magic(cons.cn_dev, 'a', cnm);
	T_EQ(cnm.cnm_state, 2);
	cn_check_magic(cons.cn_dev, 'b', cnm);
	T_EQ(cnm.cnm_state, 0);
	T_EQ(cn_set_magic("q"), 0);
	cn_check_magic(cons.cn_dev, 'q', cnm);	/* cn_trap: a line of log */
	T_EQ(cnm.cnm_state, 0);
	cn_trap();
	cn_tab = NULL;
	cn_destroy_magic(&cnm);
	T_CHECK(cnm.cnm_magic == NULL);
	kern_fini();
}

static void
long_magic(void)
{
	char text[CNS_LEN + 1], got[2 * CNS_LEN];

	memset(text, 'm', sizeof(text));
	text[CNS_LEN] = '\0';
	T_EQ(cn_set_magic(text), EINVAL);
	text[CNS_LEN - 1] = '\0';
	T_EQ(cn_set_magic(text), 0);
	T_EQ(cn_get_magic(got, sizeof(got)), 0);
	T_EQ(strcmp(got, text), 0);
}

/* ---- what cannot be had ---------------------------------------------- */

static void
not_here(void)
{
	struct proc p = { .p_pid = 1 };
	struct iovec iov = { .iov_base = &p, .iov_len = 1 };
	struct uio uio = { .uio_iov = &iov, .uio_iovcnt = 1, .uio_resid = 1,
	    .uio_rw = UIO_READ, .uio_vmspace = (struct vmspace *)&p };
	char c = 'c';
	int error;

	kern_init();
	mutex_enter(&proc_lock);
	psignal(&p, SIGIO);		/* says so, once */
	psignal(&p, SIGIO);
	mutex_exit(&proc_lock);
	T_EQ(sysctl_createv(NULL, 0, NULL, NULL, CTL_HW, CTL_EOL), EOPNOTSUPP);
	error = 0;
	MODULE_HOOK_CALL(usb_subr_fill_30_hook, (NULL, NULL, 0, NULL, NULL),
	    enosys(), error);
	T_EQ(error, ENOSYS);
	/* A client's own memory: not a byte of it. */
	T_EQ(uiomove(&c, 1, &uio), EFAULT);
	T_EQ(uio.uio_resid, 1);
	T_EQ(p.p_pid, 1);
	UIO_SETUP_SYSSPACE(&uio);
	T_EQ(uiomove(&c, 1, &uio), 0);
	T_EQ(uio.uio_resid, 0);
	kern_fini();
}

static int hooked;

static int
fill(struct usbd_device *dev __unused, struct usb_device_info_old *di __unused,
    int usedev, void (*vp)(struct usbd_device *, char *, size_t, char *,
    size_t, int, int), int (*bcd)(char *, size_t, int))
{

	T_CHECK(vp == NULL && bcd == NULL);
	hooked++;
	return usedev;
}

static void
hook(void)
{
	int error = -1;

	usb_subr_fill_30_hook.f = fill;
	MODULE_HOOK_CALL(usb_subr_fill_30_hook, (NULL, NULL, 5, NULL, NULL),
	    enosys(), error);
	usb_subr_fill_30_hook.f = NULL;
	T_EQ(error, 5);
	T_EQ(hooked, 1);
}

/* ---- small change ---------------------------------------------------- */

static void
atomics(void)
{
	volatile uint32_t w = 5;

	atomic_or_32(&w, 8);
	T_EQ(w, 13);
	atomic_and_32(&w, 12);
	T_EQ(w, 12);
	T_EQ(atomic_cas_32(&w, 11, 1), 12);
	T_EQ(w, 12);
	T_EQ(atomic_cas_32(&w, 12, 1), 12);
	T_EQ(w, 1);
	atomic_store_release(&w, 2);
	T_EQ(atomic_load_acquire(&w), 2);
	atomic_store_relaxed(&w, 3);
	T_EQ(atomic_load_relaxed(&w), 3);
}

struct item {
	int	i_n;
	SIMPLEQ_ENTRY(item) i_entry;
};

struct leaf {
	rb_node_t	l_node;
	int		l_key;
};

static int
leaf_compare(void *context __unused, const void *a, const void *b)
{

	return ((const struct leaf *)a)->l_key - ((const struct leaf *)b)->l_key;
}

static int
leaf_key(void *context __unused, const void *a, const void *key)
{

	return ((const struct leaf *)a)->l_key - *(const int *)key;
}

/* As ugen finds its units. */
static void
tree(void)
{
	static const rb_tree_ops_t ops = {
		.rbto_compare_nodes = leaf_compare,
		.rbto_compare_key = leaf_key,
		.rbto_node_offset = offsetof(struct leaf, l_node),
	};
	struct leaf l[8], *at;
	rb_tree_t t;
	int n = 0, want = 5;

	rb_tree_init(&t, &ops);
	for (int i = 0; i < 8; i++) {
		l[i].l_key = i * 5 % 8;
		T_CHECK(rb_tree_insert_node(&t, &l[i]) == &l[i]);
	}
	for (at = RB_TREE_MIN(&t); at != NULL; at = RB_TREE_NEXT(&t, at))
		T_EQ(at->l_key, n++);
	T_EQ(n, 8);
	at = rb_tree_find_node(&t, &want);
	T_EQ(at->l_key, 5);
	rb_tree_remove_node(&t, at);
	T_CHECK(rb_tree_find_node(&t, &want) == NULL);
}

static void
rights(void)
{
	struct kauth_cred root = { .cr_uid = 0 }, user = { .cr_uid = 1000 };

	T_EQ(kauth_authorize_device_tty(&root, KAUTH_DEVICE_TTY_OPEN, NULL),
	    0);
	T_EQ(kauth_authorize_device_tty(&user, KAUTH_DEVICE_TTY_OPEN, NULL),
	    EPERM);
}

static void
small(void)
{
	static struct { char c; int x __cacheline_aligned; } line;
	SIMPLEQ_HEAD(, item) q;
	struct item one = { .i_n = 1 }, two = { .i_n = 2 };
	kmutex_t m;
	int flags = 0;

	T_EQ(NBBY, 8);
	T_EQ(PAGE_SIZE, 1 << PAGE_SHIFT);
	T_EQ(PAGE_MASK, 4095);
	T_EQ(offsetof(__typeof__(line), x) % 64, 0);
	T_EQ(__SHIFTIN(3, __BITS(5, 4)), 0x30);
	T_EQ(__SHIFTOUT(0x30, __BITS(5, 4)), 3);
	T_EQ(INT_MAX, 2147483647);
	T_CHECK(UINT_MAX == 4294967295U && ULONG_MAX == ~0UL);
	T_EQ(INT_MIN, -2147483647 - 1);
	KDASSERT(PAGE_SIZE > 0);
	T_EQ(MIN(2, 3) + MAX(2, 3) + (int)min(2, 3) + (int)uimin(4, 3), 10);
	T_EQ(howmany(9, 4), 3);
	SET(flags, 6);
	CLR(flags, 2);
	T_CHECK(ISSET(flags, 4) && !ISSET(flags, 2));
	{
		const uint32_t w = htole32(0x01020304);

		T_EQ(((const u_char *)&w)[0], 4);
		T_EQ(le32toh(w), 0x01020304);
	}
	printf("printf is %s\n", "the log's");
	log(LOG_NOTICE, "a line of %" PRIu32 "\n", (uint32_t)1);

	SIMPLEQ_INIT(&q);
	T_CHECK(SIMPLEQ_EMPTY(&q));
	SIMPLEQ_INSERT_TAIL(&q, &one, i_entry);
	SIMPLEQ_INSERT_TAIL(&q, &two, i_entry);
	T_EQ(SIMPLEQ_FIRST(&q)->i_n, 1);
	SIMPLEQ_REMOVE_HEAD(&q, i_entry);
	T_EQ(SIMPLEQ_FIRST(&q)->i_n, 2);

	mutex_init(&m, MUTEX_DEFAULT, IPL_SOFTUSB);
	mutex_spin_enter(&m);
	T_CHECK(mutex_owned(&m));
	mutex_spin_exit(&m);
	mutex_destroy(&m);
	T_EQ(enosys(), ENOSYS);
	T_CHECK(NUCOM > 0);
	T_EQ(RND_POOLBITS, 256);
	T_EQ(RND_TYPE_TTY, 4);
	T_EQ(FIOASYNC, _IOW('f', 125, int));
	T_EQ(FREAD | FWRITE | O_NONBLOCK, 7);
	T_EQ(FNONBLOCK, O_NONBLOCK);
	T_EQ(B115200, 115200);		/* a speed is its number */
	T_EQ(TTYDEF_SPEED, 9600);
	T_EQ(sizeof(bus_size_t), sizeof(size_t));
}

const struct t_case t_cases[] = {
	{ "panic(9) ends the process, and says why", panics },
	{ "properties: a number is got as what it fits into", properties },
	{ "pps: edges of the mode are kept, and counted", pulses },
	{ "there is no console, and its magic goes step by step", console },
	{ "a magic sequence has an end", long_magic },
	{ "signals, sysctl, old ioctls, a client's memory: refused", not_here },
	{ "a hook that is set is called", hook },
	{ "atomic_ops(3) and atomic_loadstore(9)", atomics },
	{ "rbtree(3) from its least on", tree },
	{ "kauth(9): who may open a terminal that is another's", rights },
	{ "limits, bits, bytes and queues", small },
	{ NULL, NULL }
};
