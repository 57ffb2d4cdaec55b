/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handover.pml - a model in Promela of how one devswd is followed by the next,
 * killed or on purpose, for spin(1), which tries every order of its steps.  It
 * goes with the code: who changes the one changes the other.  tests/model runs
 * it.
 *
 * What is modelled
 *	client		open, read, write, poll, close of a file; may be killed
 *			in each.  With SHARED all have one file (fork(2))
 *	the kernel	of each client's request whether it is in the queue,
 *			or read and not answered; INTERRUPTs; sleeps in poll;
 *			sends again what has no answer, with RESEND (6.9)
 *	helm		front_helm.c, who reads: front_io_receive,
 *			front_call_begin (journal_call_begin, two stores),
 *			front_hand_next, front_is_resent
 *	thread		who runs the call of a client: front_ops.c, the claim of
 *			front_req.c, front_hand_call, the answer,
 *			front_call_end; front_handle.c's table
 *	daemon		main.c: keep_open (take_hand), front_adopt, or a new node
 *			(chan_try); front_node_serve, and front_nodes_serve at
 *			any time meanwhile; at an upgrade keep_hand_over
 *	store		keeper.c, or systemd: messages in their order, all of
 *			them before the next one is started
 *	killer		a SIGKILL of the daemon between any two steps
 *
 * What is checked, in all states
 *	No byte of a write is written twice, none is left out; what is told
 *	is how many there were, but for EIO after a crash in the middle.  The same
 *	of what a read takes out.
 *	A call that runs has no answer yet: so each gets one.
 *	A file of before a crash is not found; one that goes on is.
 *	What is left half written is not believed, and no call or file of what
 *	is left goes on twice; before other calls of the node.
 *	A node has a holder: the daemon, the store, or a message between.
 *	When nothing moves any more (timeout) no client waits but for a device:
 *	for a call that runs in K and was not told to end, or in poll of a file
 *	that is open.  A client that was killed does not wait at all.  (Nothing
 *	would be still as long as there may be a kill: so there need not be one.
 *	A crash, or an upgrade, may have been before all else.)
 *
 * Steps.  What a SIGKILL can leave is a step: a store to the journal, a
 * message, an answer, a system call.  What is done under one hold of fl_lock
 * and leaves nothing behind is part of the step before or after; so is what is
 * written to a memfd that nobody else has yet, and what a client makes of its
 * answer, which nobody else looks at.  Of a loop only those rounds are steps
 * that do something.  A thread that is killed is one that makes no more steps;
 * who comes next starts when all of them have gone, as after wait(2): in one
 * order, which nobody sees.
 *
 * Numbers of calls.  All that matters is whether one is higher than what the
 * journal says was seen, which is a bit for each call (r_after), and whether a
 * record is of the call that its client waits for or of an earlier one, which
 * has its answer (R_OURS, R_STALE).
 *
 * Threads are those of the clients: whoever runs a call does nothing else, so
 * it is called by the name of the client, and so is its slot in the journal.
 *
 * What is left out: ioctl (as a read without data), the deadline and its
 * watchdog, shares, nodes more than one, the loss of a channel, owner and mode,
 * suspects and last words, a stop, more than LOST_MAX numbers that nobody has.
 *
 * Faults.  -DBUG=n puts fault n in, and the verifier has to find it, in an
 * instance with these options:
 *	fault 1: calls in hand are not answered
 *	fault 2: calls that were read and not written down are not answered
 *	fault 3: a call is written down after it has run
 *	fault 4: seen is written before the call
 *	fault 5: what is left is kept, and believed, before it is complete
 *	fault 6: and is not emptied
 *	fault 7: a call that is to go on is answered, too
 *	fault 8: a call that goes on leaves the journal
 *	fault 9: a write that goes on begins anew
 *	fault 10: a write that goes on is not handed what it has done
 *	fault 11: the store is emptied when its daemon ends
 *	fault 12: the next one starts before all messages are read
 *	fault 13: who takes over does not serve a node without hardware
 *	fault 14 -DN=2 -DSHARED=1 -DWRITES=0 -DREADS=0 -DKILLS=0 -DOPENS=1: a poll's handle is written by the first one, late
 *	fault 15: INTERRUPTs that come late for a call that is handed over
 *		go with the process
 *	fault 16 -DFEWER=1: calls that go on are written down when the others are gone
 *	fault 17 -DN=2 -DSHARED=1 -DREADS=0 -DPOLLS=0 -DCRASHES=0 -DKILLS=0 -DOPENS=1: a node's calls are read before those that go on
 *	fault 18: the rest of a write fails, and so all of it
 *	fault 19 -DRESEND=1: the kernel sends again what goes on
 *	fault 20 -DN=2 -DREADS=0 -DPOLLS=0 -DKILLS=0 -DUPGRADES=0: who comes
 *		next gives numbers of files again
 *	fault 21 -DN=2 -DREADS=0 -DPOLLS=0 -DKILLS=0 -DUPGRADES=0: the number
 *		of a file is written down after the answer
 *	fault 22 -DN=2 -DSHARED=1 -DOPENS=1 -DPOLLS=0 -DKILLS=0 -DCRASHES=0: an
 *		open is answered before its file is in the table
 *	fault 23: a poll is answered before its handle is written down
 *	fault 24: a file that is opened again too late is in the table
 */

#ifndef N
#define	N	1		/* clients, up to 3 */
#endif
#ifndef CRASHES
#define	CRASHES	1
#endif
#ifndef UPGRADES
#define	UPGRADES 1
#endif
#ifndef OPENS
#define	OPENS	2		/* in all; numbers of files are finite */
#endif
#ifndef KILLS
#define	KILLS	1		/* clients that are killed */
#endif
#ifndef SHARED
#define	SHARED	0		/* one file for all */
#endif
#ifndef POLLS
#define	POLLS	1
#endif
#ifndef READS
#define	READS	1
#endif
#ifndef WRITES
#define	WRITES	1
#endif
#ifndef RESEND
#define	RESEND	0		/* the kernel has FUSE_NOTIFY_RESEND */
#endif
#ifndef FEWER
#define	FEWER	0		/* the next one may have fewer threads */
#endif
#ifndef BUG
#define	BUG	0
#endif
#define	FAULT(n)	(BUG == n)

#define	NSLOTS	N
#if SHARED
#define	FILE_OF(c)	0
#else
#define	FILE_OF(c)	(c)
#endif

/* ---- the kernel ------------------------------------------------------- */

#define	Q_NONE		0
#define	Q_QUEUED	1
#define	Q_READ		2		/* and has no answer */

#define	OPEN		1
#define	READ		2
#define	WRITE		3
#define	POLL		4
#define	RELEASE		5

#define	A_GOOD		1
#define	A_NOTHING	2		/* of a poll */
#define	A_BAD		3
#define	A_AWAY		4		/* the connection has ended */
#define	A_KILLED	5		/* nobody has read it */

#define	SIZE		2		/* of a write */

byte r_state[N], r_op[N];
byte r_ahead[N];		/* set: those before it in the queue */
bit r_after[N];			/* its number is higher than seen */
bit r_resent[N];
bit r_intr[N];			/* an INTERRUPT in the queue */
bit c_has[N];			/* the file */
bit c_killed[N];
bit c_asleep[N];		/* in poll(2) */
bit c_woken[N];
bit node_made, node_fd;		/* node_fd: the daemon has it */
bit node_left;			/* it is given up */

/* Files, as clients have them. */
byte f_number[N], f_slot[N], f_refs[N];

/* What should be: goes on; is dead. */
bit f_lives[N], f_dead[N];
byte c_made[N];			/* bytes of its write */
bit c_took[N];			/* what its read was to get */
bit c_crash[N];			/* in the middle of its call */
byte opens, crashes, upgrades, kills;

/* ---- what outlives the daemon ----------------------------------------- */

#define	R_NONE		0
#define	R_OURS		1		/* the call that its client waits for */
#define	R_STALE		2		/* one that has its answer */

#define	J_NONE		0
#define	J_MAKING	1
#define	J_MADE		2

byte j_node, j_number;
byte j_file[NSLOTS];
bit j_poll[NSLOTS];
byte j_call[N];			/* in the slot of the thread */
byte j_hand[N];			/* in one that no thread has */

#define	H_NONE		0
#define	H_OWN		1		/* the daemon has it alone */
#define	H_SENT		2
#define	H_KEPT		3

byte h_state;
bit h_complete;
byte h_call[N], h_done[N];
byte h_file[NSLOTS], h_owner[NSLOTS];
bit h_all;			/* all of it is there indeed */

/* The store's end. */
#define	M_NODE		1
#define	M_NONODE	2
#define	M_HAND		3
#define	M_NOHAND	4
chan sock = [3] of { byte };
bit s_node;

/* ---- the daemon's memory ---------------------------------------------- */

bit alive;
byte busy;			/* set: threads that have not seen its end */
bit handing, stopping, gone;	/* gone: nobody is at the helm for good */
bit watched;			/* the node's channel is in the epoll */
byte number;
byte t_number[NSLOTS], t_owner[NSLOTS];
bit t_taken[NSLOTS];
bit f_ph[N];
byte t_run[N];			/* a thread has the call */
byte t_done[N];
bit t_lib[N], t_marked[N];	/* libfuse has it; was interrupted */
bit t_func[N];			/* and whom to call then */
bit t_late[N];			/* that is who sends INTERRUPTs back */
bit t_early[N];			/* an INTERRUPT before the call */
bit t_intr[N], t_signalled[N];
bit m_hand;
bit late;			/* time is over, and a file is being opened */
byte m_call[N], m_done[N];
byte m_file[NSLOTS], m_owner[NSLOTS];

hidden byte i, r, m;

/* ---- the kernel's steps ----------------------------------------------- */

/* The records of the call are of one that has its answer. */
#define	STALE(of, c)	of[c] = (of[c] == R_NONE -> R_NONE : R_STALE)

inline done_with(c, how)
{
	if
	:: r_op[c] == OPEN && how != A_GOOD ->
		c_has[c] = 0;
		f_refs[FILE_OF(c)]--
	:: r_op[c] == RELEASE ->
		f_number[FILE_OF(c)] = 0;
		f_slot[FILE_OF(c)] = 0;
		f_lives[FILE_OF(c)] = 0;
		f_dead[FILE_OF(c)] = 0
	:: r_op[c] == POLL && how == A_NOTHING -> c_asleep[c] = 1
	:: else
	fi;
	r_state[c] = Q_NONE;
	r_op[c] = 0;
	c_made[c] = 0;
	c_took[c] = 0;
	c_crash[c] = 0;
	r_ahead[c] = 0;
	r_after[c] = 0;
	r_resent[c] = 0;
	r_intr[c] = 0;
	t_early[c] = 0;
	STALE(j_call, c);
	STALE(j_hand, c);
	STALE(h_call, c);
	STALE(m_call, c);
	i = 0;
	do
	:: i < N -> r_ahead[i] = r_ahead[i] & ~(1 << c); i++
	:: else -> break
	od;
	i = 0
}

/* What should be of a call that ends thus. */
#define	RIGHT(c, how)							\
	assert(c_crash[c] || ((how != A_BAD || c_made[c] == 0) &&	\
	    (how != A_BAD || !c_took[c])))

/* An answer from somebody who need not know: ENOENT is none. */
inline answer(c, how)
{
	d_step {
		if
		:: r_state[c] == Q_READ -> RIGHT(c, how); done_with(c, how)
		:: else
		fi
	}
}

/* The last descriptor is closed. */
inline node_goes()
{
	node_made = 0;
	node_left = 0;
	r = 0;
	do
	:: r < N ->
		if
		:: r_state[r] != Q_NONE -> done_with(r, A_AWAY)
		:: else
		fi;
		f_number[r] = 0;
		f_lives[r] = 0;
		f_dead[r] = 0;
		c_woken[r] = 1;
		r++
	:: else -> break
	od;
	r = 0
}

#define	HELD		(node_fd || s_node || sock ?? [M_NODE])

/* ---- the end of a daemon ---------------------------------------------- */

/* Others do not care when the threads of one that has ended see that, so these
   do it in the order of their bits. */
#define	OTHERS	provided (alive || busy == 0)
#define	OURS	provided (alive || busy >> (_pid - N - 2) == 1)
#define	BUSY	busy = busy | (1 << (_pid - N - 2))
#define	NOT_BUSY	busy = busy & ~(1 << (_pid - N - 2))

inline no_hand()
{
	h_state = H_NONE;
	h_complete = 0;
	h_all = 0;
	i = 0;
	do
	:: i < N -> h_call[i] = R_NONE; h_done[i] = 0; i++
	:: else -> break
	od;
	i = 0;
	do
	:: i < NSLOTS -> h_file[i] = 0; h_owner[i] = 0; i++
	:: else -> break
	od;
	i = 0
}

inline daemon_ends()
{
	d_step {
		alive = 0;
		node_fd = 0;
		if
		:: node_made && !HELD ->
			/* Only one that was half made, and given up. */
			assert(node_left);
			node_goes()
		:: else
		fi;
		if
		:: h_state == H_OWN -> no_hand()
		:: else
		fi;
		if
		:: FAULT(11) -> s_node = 0
		:: else
		fi;
		handing = 0;
		stopping = 0;
		gone = 0;
		watched = 0;
		number = 0;
		m_hand = 0;
		late = 0;
		r = 0;
		do
		:: r < N ->
			f_ph[r] = 0;
			t_run[r] = 0;
			t_done[r] = 0;
			t_lib[r] = 0;
			t_marked[r] = 0;
			t_func[r] = 0;
			t_late[r] = 0;
			t_early[r] = 0;
			t_intr[r] = 0;
			t_signalled[r] = 0;
			m_call[r] = 0;
			m_done[r] = 0;
			r++
		:: else -> break
		od;
		r = 0;
		do
		:: r < NSLOTS ->
			t_number[r] = 0;
			t_owner[r] = 0;
			t_taken[r] = 0;
			m_file[r] = 0;
			m_owner[r] = 0;
			r++
		:: else -> break
		od;
		r = 0
	}
}

/* What should go on: what is kept and complete now. */
#define	GOES_ON		(h_state == H_KEPT && h_complete && h_all)

inline daemon_begins()
{
	d_step {
		alive = 1;
		node_fd = s_node;
		if
		:: node_made && !s_node -> assert(FAULT(11) || FAULT(12))
		:: else
		fi;
		r = 0;
		do
		:: r < N ->
			i = 0;
			do
			:: i < NSLOTS && !(h_file[i] != 0 && h_owner[i] == r &&
			   h_file[i] == f_number[r]) -> i++
			:: else -> break
			od;
			if
			:: f_number[r] != 0 && (!GOES_ON || i == NSLOTS) ->
				f_lives[r] = 0;
				f_dead[r] = 1
			:: else
			fi;
			if
			:: r_state[r] == Q_READ &&
			   !(GOES_ON && h_call[r] == R_OURS) -> c_crash[r] = 1
			:: else
			fi;
			r++
		:: else -> break
		od;
		i = 0;
		r = 0
	}
}

active proctype killer()
{
end_killer:
	do
	:: atomic {
		alive && crashes < CRASHES;
		crashes++;
		daemon_ends()
	   }
	:: atomic { kills < KILLS; kills = KILLS }	/* nobody is */
	od
}

/* ---- the store -------------------------------------------------------- */

active proctype store() OTHERS
{
end_store:
	do
	:: atomic {
		sock ? m;
		if
		:: m == M_NODE -> s_node = 1
		:: m == M_NONODE ->
			s_node = 0;
			if
			:: node_made && !HELD -> node_goes()
			:: else
			fi
		:: m == M_HAND -> h_state = H_KEPT
		:: m == M_NOHAND -> no_hand()
		fi
	   }
	:: atomic {
		!alive && (empty(sock) || FAULT(12));
		daemon_begins()
	   }
	od
}

/* ---- clients ---------------------------------------------------------- */

inline ask(c, what)
{
	d_step {
		r_op[c] = what;
		r_state[c] = Q_QUEUED;
		r_after[c] = 1;
		r_ahead[c] = 0;
		c_woken[c] = 0;
		i = 0;
		do
		:: i < N ->
			if
			:: i != c && r_state[i] == Q_QUEUED ->
				r_ahead[c] = r_ahead[c] | (1 << i)
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0
	}
}

#define	MAY_ASK		(c_has[me] && f_number[f] != 0 && !c_killed[me] && \
			    r_state[me] == Q_NONE && !c_asleep[me])

active [N] proctype client() OTHERS
{
	byte me, f;

	d_step {
		me = _pid - 2;
		f = FILE_OF(me)
	};
end_next:
	do
	:: atomic {
		!c_has[me] && node_made && f_refs[f] == 0 && f_number[f] == 0 &&
		opens < OPENS && !c_killed[me] && r_state[me] == Q_NONE;
		opens++;
		f_refs[f] = 1;
		c_has[me] = 1;
		ask(me, OPEN)
	   }
	:: atomic {
		SHARED && !c_has[me] && f_refs[f] > 0 && f_number[f] != 0 &&
		!c_killed[me] && r_state[me] == Q_NONE;
		f_refs[f]++;
		c_has[me] = 1
	   }
	:: atomic { MAY_ASK && READS; ask(me, READ) }
	:: atomic { MAY_ASK && WRITES; ask(me, WRITE) }
	:: atomic { MAY_ASK && POLLS; ask(me, POLL) }
	:: atomic {
		c_has[me] && r_state[me] == Q_NONE && !c_asleep[me];
		c_has[me] = 0;
		f_refs[f]--;
		if
		:: f_refs[f] == 0 && f_number[f] != 0 -> ask(me, RELEASE)
		:: else
		fi
	   }
	:: atomic {
		(!c_has[me] || !c_killed[me]) && r_state[me] == Q_NONE &&
		!c_asleep[me];
		break
	   }
	:: atomic {
		/* In poll(2): it asks again. */
		c_asleep[me] && (c_woken[me] || c_killed[me]);
		c_asleep[me] = 0;
		if
		:: c_killed[me] || f_number[f] == 0 -> c_woken[me] = 0
		:: else -> ask(me, POLL)
		fi
	   }
	:: atomic {
		kills < KILLS && !c_killed[me] &&
		(r_state[me] != Q_NONE || c_asleep[me]);
		kills++;
		c_killed[me] = 1;
		if
		:: r_state[me] == Q_QUEUED && r_op[me] != RELEASE ->
			done_with(me, A_KILLED)
		:: r_state[me] == Q_READ && r_op[me] != RELEASE ->
			r_intr[me] = 1
		:: else
		fi
	   }
	od;
end_done:
	false
}

/* ---- who is at the helm ----------------------------------------------- */

#define	CAN_READ(c)	(r_state[c] == Q_QUEUED && r_ahead[c] == 0 &&	\
			    t_run[c] == 0 && (!ANY_CALL || FAULT(17)))
#define	CAN_INTR(c)	(r_intr[c] && !ANY_CALL)
#if N == 1
#define	ANY_CALL	(m_call[0] != R_NONE)
#elif N == 2
#define	ANY_CALL	(m_call[0] != R_NONE || m_call[1] != R_NONE)
#else
#define	ANY_CALL	(m_call[0] != R_NONE || m_call[1] != R_NONE ||	\
			    m_call[2] != R_NONE)
#endif

inline seen(c)
{
	d_step {
		i = 0;
		do
		:: i < N ->
			if
			:: r_state[i] == Q_READ || i == c -> r_after[i] = 0
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0
	}
}

#define	RECORD(to, c)							\
	assert(to[c] == R_NONE);					\
	to[c] = (r_state[c] == Q_READ -> R_OURS : R_STALE)

inline take(who)
{
	assert(!ANY_CALL);
	c = who;
	r_state[c] = Q_READ;
	r = 0;
	do
	:: r < N -> r_ahead[r] = r_ahead[r] & ~(1 << c); r++
	:: else -> break
	od;
	r = 0;
	if
	:: r_resent[c] -> goto resent
	:: else
	fi
}

/* fuse_session_process_buf, up to front_run: who is next at the helm may. */
inline dispatch(c)
{
	t_lib[c] = 1;
	t_marked[c] = t_early[c];
	t_early[c] = 0;
	t_run[c] = 1;
	c = 0
}

active proctype helm() OURS
{
	byte c;

end_home:	atomic { alive && watched; BUSY };
	{
	goto top;
top:	atomic {
		c = 0;
		if
		:: handing -> gone = 1; goto end_out
		:: else
		fi;
		if
		:: ANY_CALL && !FAULT(17) -> goto handed
		:: else
		fi
	};
end_events:	/* epoll_wait, and what it has found. */
	if
	:: atomic { CAN_READ(0) -> take(0) }
#if N > 1
	:: atomic { CAN_READ(1) -> take(1) }
#endif
#if N > 2
	:: atomic { CAN_READ(2) -> take(2) }
#endif
	:: atomic { CAN_INTR(0) -> r_intr[0] = 0; goto interrupt }
#if N > 1
	:: atomic { CAN_INTR(1) -> r_intr[1] = 0; c = 1; goto interrupt }
#endif
#if N > 2
	:: atomic { CAN_INTR(2) -> r_intr[2] = 0; c = 2; goto interrupt }
#endif
	:: atomic { stopping -> gone = 1; goto end_out }
	:: atomic { ANY_CALL -> goto handed }
	fi;
#if FAULT(4)
	atomic { seen(c) };
#endif
#if !FAULT(3)
	atomic { RECORD(j_call, c) };
#endif
#if !FAULT(4)
	atomic { seen(c) };
#endif
	atomic { t_done[c] = 0; dispatch(c); goto top };
resent:
	atomic { answer(c, A_BAD); c = 0; goto top };
interrupt: /* libfuse's do_interrupt */
	atomic {
		if
		:: t_lib[c] ->
			t_marked[c] = 1;
			if
			:: t_func[c] -> t_signalled[c] = 1; t_intr[c] = 1
			:: t_late[c] && r_state[c] == Q_READ -> r_intr[c] = 1
			:: else
			fi
		:: !t_lib[c] && r_state[c] == Q_READ -> t_early[c] = 1
		:: else
		fi;
		c = 0;
		goto top
	};
handed:	/* front_hand_next */
	atomic {
		do
		:: m_call[c] == R_NONE -> c++
		:: else -> break
		od;
		assert(m_call[c] == R_OURS && t_run[c] == 0);
		m_call[c] = R_NONE;
		t_done[c] = m_done[c];
		m_done[c] = 0
	};
	atomic { RECORD(j_call, c) };
	atomic { j_hand[c] = R_NONE; dispatch(c); goto top };
end_out:	false
	} unless { atomic { !alive; NOT_BUSY; c = 0; goto end_home } }
}

/* ---- who runs a call -------------------------------------------------- */

#define	FOUND(f)	(f_number[f] != 0 && t_number[f_slot[f]] == f_number[f])

#define	ANSWER(how)							\
	assert(r_state[me] == Q_READ || !node_made);			\
	answer(me, how);						\
	t_lib[me] = 0

/* front_call_end, and it is nobody's. */
#define	OVER								\
	j_call[me] = R_NONE;						\
	t_marked[me] = 0;						\
	t_signalled[me] = 0;						\
	t_run[me] = 0;							\
	t_done[me] = 0;							\
	NOT_BUSY;							\
	s = 0;								\
	n = 0;								\
	good = 0

active [N] proctype thread() OURS
{
	byte me, f, s, n;
	bit good;

	d_step {
		me = _pid - N - 3;
		f = FILE_OF(me)
	};
end_home:	atomic { alive && t_run[me] == 1; BUSY; t_run[me] = 2 };
	{
	atomic {
		assert(r_state[me] == Q_READ);
		if
		:: r_op[me] == OPEN ->
			/* front_file_slot */
			s = 0;
			do
			:: s < NSLOTS && (t_taken[s] || t_number[s] != 0) -> s++
			:: else -> break
			od;
			if
			:: s == NSLOTS ->
				assert(late);
				s = 0;
				goto bad_answer
			:: else -> t_taken[s] = 1
			fi
		:: r_op[me] != OPEN && FOUND(f) ->
			s = f_slot[f];
			assert(!f_dead[f] && t_owner[s] == f);
			if
			:: r_op[me] == RELEASE ->
				t_number[s] = 0;
				t_owner[s] = 0;
				j_file[s] = 0;
				j_poll[s] = 0;
				f_lives[f] = 0;
				goto good_answer
			:: else
			fi
		:: r_op[me] != OPEN && !FOUND(f) ->
			/* front_dead */
			assert(!f_lives[f]);
			if
			:: r_op[me] == RELEASE ||
			   (r_op[me] == WRITE && t_done[me] > 0 &&
			   !FAULT(18)) -> goto good_answer
			:: else -> goto bad_answer
			fi
		fi;
		if
		:: r_op[me] == POLL -> goto poll
		:: else
		fi
	};
	atomic {
		/* front_req_enter */
		t_func[me] = 1;
		t_signalled[me] = t_marked[me];
		t_intr[me] = t_marked[me] || stopping
	};
	/* K */
	do
	:: atomic {
		r_op[me] == WRITE && t_done[me] < SIZE;
		assert(c_made[me] == t_done[me]);
		c_made[me]++;
		t_done[me]++
	   }
	:: atomic {
		r_op[me] != WRITE || t_done[me] == SIZE;
		c_took[me] = r_op[me] == READ;
		good = 1;
		break
	   }
	:: atomic { t_intr[me]; break }
	:: atomic { r_op[me] != WRITE || t_done[me] != SIZE; goto sleep }
	od;
claim:
	atomic {
		t_func[me] = 0;
		t_intr[me] = 0;
		if
		:: good && r_op[me] == OPEN -> goto insert
		:: good && r_op[me] != OPEN -> goto good_answer
		:: else -> goto interrupted
		fi
	};
sleep:	/* for as long as it takes */
end_sleep:
	atomic { t_intr[me]; goto claim };
insert:	/* front_file_insert */
	atomic {
		number++;
		n = number;
#if !FAULT(21)
		j_number = n
#endif
	};
#if FAULT(22)
	atomic {
		f_number[f] = n;
		f_slot[f] = s;
		f_lives[f] = 1;
		f_dead[f] = 0;
		ANSWER(A_GOOD)
	};
#endif
	atomic {
		j_poll[s] = 0;
		j_file[s] = n;
		t_number[s] = n;
		t_taken[s] = 0;
		t_owner[s] = f;
		f_ph[f] = 0
	};
#if FAULT(22)
	atomic { goto over };
#endif
	atomic {
		assert(r_state[me] == Q_READ);
		f_number[f] = n;
		f_slot[f] = s;
		f_lives[f] = 1;
		f_dead[f] = 0;
		ANSWER(A_GOOD);
		goto over
	};
interrupted: /* front_hand_call */
	atomic {
		if
		:: r_op[me] == OPEN -> t_taken[s] = 0
		:: else
		fi;
		if
		:: handing && !t_signalled[me]
		:: !(handing && !t_signalled[me]) && t_done[me] > 0 ->
			goto good_answer
		:: else -> goto bad_answer
		fi;
		h_call[me] = R_OURS;
		h_done[me] = (FAULT(10) -> 0 : t_done[me])
	};
#if FAULT(7)
	atomic { ANSWER(A_BAD); goto handed };
#endif
#if FAULT(15)
	atomic { t_lib[me] = 0; t_marked[me] = 0 };
#else
	atomic {
		t_late[me] = 1;
		r_intr[me] = r_intr[me] | t_marked[me]
	};
#endif
handed:
#if FAULT(8)
	atomic { j_call[me] = R_NONE };
#endif
	atomic { t_run[me] = 0; goto end_handed };
poll:	/* poll_arm */
#if FAULT(14)
	atomic { good = f_ph[f]; f_ph[f] = 1 };
	if
	:: !good -> atomic { j_poll[s] = FOUND(f) }
	:: else
	fi;
#elif FAULT(23)
	atomic { f_ph[f] = 1; ANSWER(A_NOTHING) };
	atomic { j_poll[s] = FOUND(f); goto over };
#else
	atomic { j_poll[s] = (j_poll[s] || !f_ph[f]) };
	atomic { f_ph[f] = 1 };
#endif
	atomic {
		if
		:: ANSWER(A_NOTHING)
		:: ANSWER(A_GOOD)
		fi;
		goto over
	};
good_answer:
	atomic {
		if
		:: r_op[me] == WRITE -> assert(c_made[me] == t_done[me])
		:: else
		fi;
		ANSWER(A_GOOD);
		goto over
	};
bad_answer:
	atomic { ANSWER(A_BAD); goto over };
over:
#if FAULT(3)
	skip;
#endif
#if FAULT(21)
	atomic { j_number = (n > j_number -> n : j_number) };
#endif
	atomic { OVER; goto end_home };
end_handed:
	false
	} unless { atomic {
		!alive;
		NOT_BUSY;
		s = 0;
		n = 0;
		good = 0;
		goto end_home
	} }
}

/* ---- the daemon ------------------------------------------------------- */

/* A slot of the journal that is no thread's in the next daemon. */
#define	HIGH(c)		(FEWER && (c) == N - 1)

#if N == 1
#define	NO_THREAD	(t_run[0] == 0)
#elif N == 2
#define	NO_THREAD	(t_run[0] == 0 && t_run[1] == 0)
#else
#define	NO_THREAD	(t_run[0] == 0 && t_run[1] == 0 && t_run[2] == 0)
#endif

/* A step for each of which that is so, and in the end one; c is 0 before and
   after. */
#define	EACH(n, is, step)						\
	do								\
	:: atomic {							\
		do							\
		:: c < n && !(is) -> c++				\
		:: else -> break					\
		od;							\
		if							\
		:: c < n -> step; c++					\
		:: else -> c = 0; break					\
		fi							\
	   }								\
	od

inline take_hand()
{
	atomic {
		/* front_hand_open */
		if
		:: h_complete || FAULT(5) ->
			assert(h_all);
			m_hand = 1;
			c = 0;
			do
			:: c < N ->
				m_call[c] = h_call[c];
				m_done[c] = (FAULT(9) -> 0 : h_done[c]);
				c++
			:: else -> break
			od;
			c = 0;
			do
			:: c < NSLOTS ->
				m_file[c] = h_file[c];
				m_owner[c] = h_owner[c];
				c++
			:: else -> break
			od;
			c = 0
		:: else
		fi
	};
#if !FAULT(6)
	atomic { sock ! M_NOHAND };
	atomic { h_complete = 0; h_all = 0 }
#endif
}

#define	IS_IN_HAND(c)							\
	((j_call[c] == R_OURS || j_hand[c] == R_OURS) && !FAULT(1) &&	\
	    (!m_hand || m_call[c] != R_OURS || FAULT(7)))
#define	IS_LOST(c)							\
	(r_state[c] == Q_READ && r_after[c] && !FAULT(2))
#define	IS_POLLED(s)	(j_file[s] != 0 && j_poll[s])

inline answer_call(c)
{
	if
	:: r_op[c] == RELEASE -> answer(c, A_GOOD)
	:: else -> answer(c, A_BAD)
	fi
}

inline wake_poll(s)
{
	r = 0;
	do
	:: r < N ->
		if
		:: f_number[FILE_OF(r)] == j_file[s] -> c_woken[r] = 1
		:: else
		fi;
		r++
	:: else -> break
	od;
	r = 0
}

inline send_again()
{
	d_step {
		c = 0;
		do
		:: c < N ->
			if
			:: r_state[c] == Q_READ ->
				r_state[c] = Q_QUEUED;
				r_resent[c] = 1
			:: else
			fi;
			c++
		:: else -> break
		od;
		c = 0
	}
}

/* A file that was handed over does not go on. */
#define	NO_FILE(s)							\
	t_taken[s] = 0;							\
	f_lives[m_owner[s]] = 0;					\
	f_dead[m_owner[s]] = 1;						\
	m_file[s] = 0;							\
	m_owner[s] = 0

/* The node is served.  Files are dead but for one, which is being opened. */
inline serve_node(but)
{
	i = 0;
	do
	:: i < NSLOTS ->
		if
		:: m_file[i] != 0 && i != but -> NO_FILE(i)
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0;
	m_hand = 0;
	watched = !FAULT(13)
}

active proctype daemon() OURS
{
	byte c;

end_home:
	atomic {
		alive;
		BUSY;
		c = 0;
		if
		:: h_state != H_KEPT -> goto adopt
		:: else
		fi
	};
	{
	/* keep_open */
	take_hand();
adopt:	/* front_adopt */
	atomic {
		number = (FAULT(20) -> 0 : j_number);
		c = 0;
		do
		:: c < NSLOTS -> t_taken[c] = m_file[c] != 0; c++
		:: else -> break
		od;
		c = 0;
		if
		:: !node_fd -> goto forget
		:: node_fd && j_node == J_MADE -> goto calls
		:: node_fd && j_node != J_MADE ->
			sock ! M_NONODE;
			node_left = node_made
		fi
	};
	atomic {
		node_fd = 0;
		if
		:: node_made && !HELD -> node_goes()
		:: else
		fi;
		goto forget
	};
calls:
	EACH(N, IS_IN_HAND(c), answer_call(c));
	EACH(NSLOTS, IS_POLLED(c), wake_poll(c));
	if
	:: !m_hand || FAULT(19) ->
		EACH(N, !m_hand && IS_LOST(c), answer(c, A_BAD));
#if RESEND
		atomic { send_again() }
#endif
	:: else
	fi;
forget:	/* forget_the_dead */
#if FAULT(16)
	EACH(N, j_hand[c] != R_NONE || HIGH(c), j_hand[c] = R_NONE;
	    j_call[c] = (HIGH(c) -> R_NONE : j_call[c]));
	EACH(N, j_call[c] != R_NONE, j_call[c] = R_NONE);
	EACH(N, m_call[c] != R_NONE, j_hand[c] = m_call[c]);
#else
	EACH(N, j_hand[c] != R_NONE && m_call[c] == R_NONE, j_hand[c] = R_NONE);
	EACH(N, m_call[c] != j_hand[c], j_hand[c] = m_call[c]);
	EACH(N, j_call[c] != R_NONE, j_call[c] = R_NONE);
#endif
	EACH(NSLOTS, j_file[c] != 0, j_file[c] = 0; j_poll[c] = 0);
	if
	:: node_fd -> goto adopted
	:: else
	fi;
	/* chan_try: a node that goes has gone (the barrier) */
	atomic { !node_made; j_node = J_NONE };
	atomic { node_fd = 1; j_node = J_MAKING };
	atomic { sock ! M_NODE };
	atomic { node_made = 1 };
	atomic { j_node = J_MADE; watched = 1; goto end_serving };
adopted: /* its hardware comes, or time is over: front_hand_files */
	do
	:: atomic {
		/* open_again; it may be refused. */
		do
		:: c < NSLOTS && m_file[c] == 0 -> c++
		:: else -> break
		od;
		if
		:: c < NSLOTS -> NO_FILE(c)
		:: c < NSLOTS -> goto opened
		:: serve_node(NSLOTS); c = 0; goto end_serving
		fi
	   }
	od;
opened:	/* front_file_restore */
	if
	:: atomic {
		!late || FAULT(24);
		assert(t_number[c] == 0 && m_file[c] <= j_number);
		j_poll[c] = 0;
		j_file[c] = m_file[c];
		t_number[c] = m_file[c];
		t_owner[c] = m_owner[c]
	   }
	:: atomic { late && !FAULT(24) }
	:: atomic {
		/* front_nodes_serve */
		!late;
		f_lives[m_owner[c]] = 0;
		f_dead[m_owner[c]] = 1;
		serve_node(c);
		late = 1;
		goto opened
	   }
	fi;
	atomic {
		t_taken[c] = 0;
		m_file[c] = 0;
		m_owner[c] = 0;
		if
		:: !late -> goto adopted
		:: else -> late = 0; c = 0
		fi
	};
end_serving:
	atomic {
		upgrades < UPGRADES && !ANY_CALL;
		upgrades++;
		/* front_hand_begin */
		no_hand();
		h_state = H_OWN;
#if FAULT(5)
		sock ! M_HAND;
		h_state = H_SENT
	};
	atomic {
#endif
		handing = 1
	};
	atomic { stopping = 1 };
	EACH(N, t_func[c], t_intr[c] = 1);
	atomic { gone && NO_THREAD };
	/* hyp_hand_over: what it is, it can say; or it cannot. */
	atomic {
		if
		:: c = 0;
			do
			:: c < NSLOTS ->
				h_file[c] = t_number[c];
				h_owner[c] = t_owner[c];
				c++
			:: else -> break
			od;
			c = 0
		:: skip
		fi;
#if FAULT(5)
	};
	atomic {
#endif
		h_complete = 1;
		h_all = 1;
#if !FAULT(5)
		sock ! M_HAND;
		h_state = H_SENT;
#endif
		daemon_ends()
	};
	false
	} unless { atomic {
		!alive;
		NOT_BUSY;
		c = 0;
		goto end_home
	} }
}

/* ---- nobody waits for ever -------------------------------------------- */

#define	WAITS_WELL(c)							\
	((r_state[c] == Q_NONE && !c_asleep[c]) ||			\
	(r_state[c] == Q_READ && t_run[c] == 2 && t_func[c] &&		\
	    !t_intr[c] && !c_killed[c]) ||				\
	(c_asleep[c] && !c_killed[c] && FOUND(FILE_OF(c)) &&		\
	    !f_dead[FILE_OF(c)]))

active proctype check()
{
	timeout;
	assert(alive && watched && !handing);
	assert(WAITS_WELL(0));
#if N > 1
	assert(WAITS_WELL(1));
#endif
#if N > 2
	assert(WAITS_WELL(2));
#endif
}
