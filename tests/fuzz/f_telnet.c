/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * f_telnet.c - what a client of devsw-gateway sends to a telnet port, with RFC
 * 2217 in it; gateway/h_stream.c has the promises.
 */
#include "fuzz/h_fuzz.h"
#include "gateway/h_stream.h"

#define	IAC	255
#define	DONT	254
#define	DO	253
#define	WONT	252
#define	WILL	251
#define	SB	250
#define	SE	240
#define	COM	44

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const char *const broken = h_stream(bytes, n);

	if (broken != NULL)
		fuzz_broken("gateway/h_stream.c", 0, broken);
	return 0;
}

void
fuzz_seeds(void)
{
	static const uint8_t options[] = { IAC, WILL, COM, IAC, DO, COM,
	    IAC, DO, 0, IAC, WILL, 0, IAC, DO, 1, IAC, DO, 3, IAC, WONT, 1,
	    IAC, DONT, 3 };
	static const uint8_t rate[] = { IAC, WILL, COM,
	    IAC, SB, COM, 1, 0, 0, 0x25, 0x80, IAC, SE,
	    IAC, SB, COM, 2, 8, IAC, SE, IAC, SB, COM, 3, 1, IAC, SE,
	    IAC, SB, COM, 4, 1, IAC, SE };
	static const uint8_t control[] = { IAC, WILL, COM,
	    IAC, SB, COM, 5, 5, IAC, SE, IAC, SB, COM, 5, 8, IAC, SE,
	    IAC, SB, COM, 5, 0, IAC, SE, IAC, SB, COM, 10, 255, 255, IAC, SE,
	    IAC, SB, COM, 11, 255, 255, IAC, SE, IAC, SB, COM, 12, 3, IAC, SE,
	    IAC, SB, COM, 8, IAC, SE, IAC, SB, COM, 9, IAC, SE };
	static const uint8_t text[] = { 'h', 'i', 13, 0, 13, 10, IAC, IAC, 1,
	    3, 17, 19, IAC, 243, IAC, 246, IAC, 241 };

	fuzz_seed("options", options, sizeof(options));
	fuzz_seed("rate", rate, sizeof(rate));
	fuzz_seed("control", control, sizeof(control));
	fuzz_seed("text", text, sizeof(text));
}
