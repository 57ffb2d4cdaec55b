/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_prf.c - snprintf, printf(9), log(9), aprint(9), panic(9).
 *
 * Output goes to hyp_log in whole lines.  A line is collected per thread
 * until its newline comes, so lines of different threads never mix; what
 * does not fit is cut.
 *
 * Formats: d i u o x X c s p %, flags - 0 + space #, width, precision, both
 * also as *, and the sizes hh h l ll z j t.
 */
#include <sys/device.h>
#include <sys/lwp.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

#define	LINE_MAX_LEN	400

struct outbuf {
	char	*ob_buf;
	size_t	 ob_size;
	size_t	 ob_len;	/* what there would be with endless room */
};

struct spec {
	bool	sp_left, sp_zero, sp_plus, sp_space, sp_alt;
	int	sp_width;
	int	sp_prec;	/* -1: none */
	int	sp_long;	/* -2 hh, -1 h, 0, 1 l, 2 ll, 3 z j t */
};

struct line {
	int	ln_level;
	size_t	ln_len;
	char	ln_buf[LINE_MAX_LEN];
};

static _Thread_local struct line line;

static void
put(struct outbuf *ob, char c)
{

	if (ob->ob_len + 1 < ob->ob_size)
		ob->ob_buf[ob->ob_len] = c;
	ob->ob_len++;
}

static void
pad(struct outbuf *ob, char c, int n)
{

	while (n-- > 0)
		put(ob, c);
}

static void
put_string(struct outbuf *ob, const struct spec *sp, const char *s)
{
	const size_t len = sp->sp_prec >= 0 ?
	    strnlen(s, (size_t)sp->sp_prec) : strlen(s);

	if (!sp->sp_left)
		pad(ob, ' ', sp->sp_width - (int)len);
	for (size_t i = 0; i < len; i++)
		put(ob, s[i]);
	if (sp->sp_left)
		pad(ob, ' ', sp->sp_width - (int)len);
}

static void
put_number(struct outbuf *ob, const struct spec *sp, uint64_t v, u_int base,
    bool neg, bool upper)
{
	const char *const digits = upper ? "0123456789ABCDEF" :
	    "0123456789abcdef";
	char buf[32];
	const char *prefix = neg ? "-" : sp->sp_plus ? "+" :
	    sp->sp_space ? " " : "";
	int n = 0, zeros, width;

	if (sp->sp_alt && base == 16 && v != 0)
		prefix = upper ? "0X" : "0x";
	else if (sp->sp_alt && base == 8)
		prefix = "0";
	do
		buf[n++] = digits[v % base];
	while ((v /= base) != 0);

	width = n + (int)strlen(prefix);
	zeros = sp->sp_prec > n ? sp->sp_prec - n : 0;
	if (sp->sp_zero && !sp->sp_left && sp->sp_prec < 0 &&
	    sp->sp_width > width)
		zeros = sp->sp_width - width;
	width += zeros;

	if (!sp->sp_left)
		pad(ob, ' ', sp->sp_width - width);
	while (*prefix != '\0')
		put(ob, *prefix++);
	pad(ob, '0', zeros);
	while (n > 0)
		put(ob, buf[--n]);
	if (sp->sp_left)
		pad(ob, ' ', sp->sp_width - width);
}

/* One decimal number of a format, or the next int argument for "*". */
static const char *
parse_int(const char *f, int *vp, int star)
{

	if (*f == '*') {
		*vp = star;
		return f + 1;
	}
	for (*vp = 0; *f >= '0' && *f <= '9'; f++)
		*vp = *vp * 10 + (*f - '0');
	return f;
}

static const char *
parse_flags(const char *f, struct spec *sp)
{

	for (;; f++) {
		if (*f == '-')
			sp->sp_left = true;
		else if (*f == '0')
			sp->sp_zero = true;
		else if (*f == '+')
			sp->sp_plus = true;
		else if (*f == ' ')
			sp->sp_space = true;
		else if (*f == '#')
			sp->sp_alt = true;
		else
			return f;
	}
}

static const char *
parse_size(const char *f, struct spec *sp)
{

	if (*f == 'z' || *f == 'j' || *f == 't') {
		sp->sp_long = 3;
		return f + 1;
	}
	for (; *f == 'l'; f++)
		sp->sp_long++;
	for (; *f == 'h'; f++)
		sp->sp_long--;
	return f;
}

/*
 * n = vsnprintf(buf, size, fmt, ap)
 *
 *	As in C.
 */
int
vsnprintf(char *buf, size_t size, const char *f, va_list ap)
{
	struct outbuf ob = { .ob_buf = buf, .ob_size = size };

	for (; *f != '\0'; f++) {
		struct spec sp = { .sp_prec = -1 };
		uint64_t u;
		int64_t d;
		char c[2] = { 0, 0 };

		if (*f != '%') {
			put(&ob, *f);
			continue;
		}
		f = parse_flags(f + 1, &sp);
		f = parse_int(f, &sp.sp_width,
		    *f == '*' ? va_arg(ap, int) : 0);
		if (sp.sp_width < 0) {
			sp.sp_left = true;
			sp.sp_width = -sp.sp_width;
		}
		if (*f == '.') {
			f++;
			f = parse_int(f, &sp.sp_prec,
			    *f == '*' ? va_arg(ap, int) : 0);
		}
		f = parse_size(f, &sp);

		switch (*f) {
		case 'd':
		case 'i':
			d = sp.sp_long > 0 ? va_arg(ap, long) :
			    va_arg(ap, int);
			put_number(&ob, &sp, d < 0 ? -(uint64_t)d :
			    (uint64_t)d, 10, d < 0, false);
			break;
		case 'u':
		case 'o':
		case 'x':
		case 'X':
			u = sp.sp_long > 0 ? va_arg(ap, unsigned long) :
			    va_arg(ap, unsigned);
			if (sp.sp_long == -1)
				u = (uint16_t)u;
			else if (sp.sp_long == -2)
				u = (uint8_t)u;
			put_number(&ob, &sp, u, *f == 'u' ? 10 :
			    *f == 'o' ? 8 : 16, false, *f == 'X');
			break;
		case 'p':
			sp.sp_alt = true;
			put_number(&ob, &sp,
			    (uint64_t)(uintptr_t)va_arg(ap, void *), 16,
			    false, false);
			break;
		case 'c':
			c[0] = (char)va_arg(ap, int);
			put_string(&ob, &sp, c);
			break;
		case 's': {
			const char *s = va_arg(ap, const char *);

			put_string(&ob, &sp, s != NULL ? s : "(null)");
			break;
		}
		case '%':
			put(&ob, '%');
			break;
		default:
			kern_assert("known format", __FILE__, __LINE__,
			    "%%%c", *f);
		}
	}
	if (size > 0)
		buf[ob.ob_len < size ? ob.ob_len : size - 1] = '\0';
	return (int)ob.ob_len;
}

int
snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

size_t
strlcpy(char *dst, const char *src, size_t size)
{
	const size_t len = strlen(src);

	if (size > 0) {
		const size_t n = len < size ? len : size - 1;

		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return len;
}

size_t
strlcat(char *dst, const char *src, size_t size)
{
	const size_t len = strnlen(dst, size);

	return len + strlcpy(dst + len, src, size - len);
}

static void
line_flush(void)
{

	if (line.ln_len == 0)
		return;
	line.ln_buf[line.ln_len] = '\0';
	line.ln_len = 0;
	hyp_log(line.ln_level, line.ln_buf);
}

/*
 * vlog(priority, fmt, ap)
 *
 *	Collect text; every newline sends a line.
 */
void
vlog(int level, const char *fmt, va_list ap)
{
	char buf[LINE_MAX_LEN];

	vsnprintf(buf, sizeof(buf), fmt, ap);
	if (line.ln_len == 0 || level < line.ln_level)
		line.ln_level = level;
	for (const char *p = buf; *p != '\0'; p++) {
		if (*p == '\n')
			line_flush();
		else if (line.ln_len < sizeof(line.ln_buf) - 1)
			line.ln_buf[line.ln_len++] = *p;
	}
}

/*
 * log(priority, fmt, ...)
 * printf(fmt, ...)
 * aprint_*(fmt, ...)
 *
 *	Text for the log; a line is sent when its newline comes.
 *	aprint_naive prints nothing: aprint_normal says more.
 */
void
log(int level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog(level, fmt, ap);
	va_end(ap);
}

#define	APRINT(func, level)						\
void									\
func(const char *fmt, ...)						\
{									\
	va_list ap;							\
									\
	va_start(ap, fmt);						\
	vlog(level, fmt, ap);					\
	va_end(ap);							\
}

APRINT(printf, LOG_INFO)
APRINT(aprint_normal, LOG_INFO)
APRINT(aprint_verbose, LOG_DEBUG)
APRINT(aprint_error, LOG_ERR)
APRINT(aprint_debug, LOG_DEBUG)

void
aprint_naive(const char *fmt __unused, ...)
{
}

/*
 * panic(fmt, ...)
 *
 *	End the daemon: an invariant is broken.
 */
void
panic(const char *fmt, ...)
{
	char buf[LINE_MAX_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	hyp_panic(buf);
}

/*
 * kern_assert(expression, file, line, fmt, ...)
 *
 *	What KASSERT calls when the expression is false.
 */
void
kern_assert(const char *expr, const char *file, int lineno, const char *fmt,
    ...)
{
	char buf[LINE_MAX_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	panic("assertion \"%s\" failed: %s:%d %s", expr, file, lineno, buf);
}
