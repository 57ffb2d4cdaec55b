/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb_task.c - usb_add_task(9): work that must sleep, for callbacks.
 *
 * Model
 *	Each device has one queue and, while there is work, one thread, so a
 *	task that is stuck in a request (5 s at most) delays its own device
 *	only, and an idle device costs no thread.  The two queue numbers of
 *	the interface are one queue here.
 *
 *	A task is idle (queue == USB_NUM_TASKQS), queued, or running; a
 *	running one is marked idle before it is called, so that it can be
 *	queued again meanwhile.  ud_curtask says which one runs.
 *
 *	If the host has no thread to give, the tasks wait and a callout tries
 *	again each second.
 *
 * Locks
 *	ud_lock, not held while a task runs.  usb_rem_task_wait and
 *	usb_task_fini sleep on ud_cv.
 *	The thread is created with ud_lock, which it wants first, and with
 *	what the caller of usb_add_task holds: hyp_thread_create does not
 *	block, and so ud_taskthread is never set for one that is not to be had.
 */
#include <sys/param.h>
#include <sys/kthread.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/lwpnote.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdivar.h>

#include "usbdi/usbdi_impl.h"

static void
usb_task_run(const struct usbd_device *dev, struct usb_task *task)
{
	const bool mpsafe = (task->flags & USB_TASKQ_MPSAFE) != 0;
	struct lwp_note ln;

	if (!mpsafe)
		KERNEL_LOCK(1, curlwp);
	lwp_note_enter(&ln, HYP_NOTE_TASK, dev->ud_path);
	(*task->fun)(task->arg);
	lwp_note_exit(&ln);
	if (!mpsafe)
		KERNEL_UNLOCK_ONE(curlwp);
}

/* The thread of a device with work. */
static void
usb_task_thread(void *arg)
{
	struct usbd_device *dev = arg;
	struct usb_task *task;

	mutex_enter(&dev->ud_lock);
	while ((task = TAILQ_FIRST(&dev->ud_tasks)) != NULL) {
		TAILQ_REMOVE(&dev->ud_tasks, task, next);
		task->queue = USB_NUM_TASKQS;
		dev->ud_curtask = task;
		mutex_exit(&dev->ud_lock);
		usb_task_run(dev, task);	/* which may free it */
		mutex_enter(&dev->ud_lock);
		dev->ud_curtask = NULL;
		cv_broadcast(&dev->ud_cv);
	}
	dev->ud_taskthread = false;
	cv_broadcast(&dev->ud_cv);
	mutex_exit(&dev->ud_lock);
}

/* ud_lock held: let there be a thread. */
static void
usb_task_start(struct usbd_device *dev)
{

	if (dev->ud_taskthread || TAILQ_EMPTY(&dev->ud_tasks))
		return;
	if (kthread_create(PRI_NONE, KTHREAD_MPSAFE, NULL, usb_task_thread,
	    dev, NULL, "usbtask %s", dev->ud_path) == 0) {
		dev->ud_taskthread = true;
		return;
	}
	log(LOG_WARNING, "%s: no thread for a task, trying again\n",
	    dev->ud_path);
	callout_schedule(&dev->ud_taskco, hz);
}

static void
usb_task_again(void *arg)
{
	struct usbd_device *dev = arg;

	mutex_enter(&dev->ud_lock);
	usb_task_start(dev);
	mutex_exit(&dev->ud_lock);
}

/*
 * usb_task_init(dev)
 */
void
usb_task_init(struct usbd_device *dev)
{

	TAILQ_INIT(&dev->ud_tasks);
	callout_init(&dev->ud_taskco, CALLOUT_MPSAFE);
	callout_setfunc(&dev->ud_taskco, usb_task_again, dev);
}

/*
 * usb_task_fini(dev)
 *
 *	Wait for the thread.  The drivers are detached and have removed their
 *	tasks.  Sleeps.
 */
void
usb_task_fini(struct usbd_device *dev)
{

	mutex_enter(&dev->ud_lock);
	KASSERTMSG(TAILQ_EMPTY(&dev->ud_tasks), "%s: a driver has left a "
	    "task behind", dev->ud_path);
	while (dev->ud_taskthread)
		cv_wait(&dev->ud_cv, &dev->ud_lock);
	mutex_exit(&dev->ud_lock);
	(void)callout_halt(&dev->ud_taskco, NULL);
	callout_destroy(&dev->ud_taskco);
}

/*
 * usb_add_task(dev, task, queue)
 *
 *	Have task->fun(task->arg) called soon on a thread that may sleep; a
 *	task that is queued already stays where it is.  Any context, any lock
 *	but ud_lock.
 */
void
usb_add_task(struct usbd_device *dev, struct usb_task *task, int queue)
{

	KASSERTMSG(queue >= 0 && queue < USB_NUM_TASKQS, "queue=%d", queue);
	mutex_enter(&dev->ud_lock);
	if (task->queue == USB_NUM_TASKQS) {
		task->queue = (unsigned)queue;
		TAILQ_INSERT_TAIL(&dev->ud_tasks, task, next);
		usb_task_start(dev);
	}
	mutex_exit(&dev->ud_lock);
}

/* ud_lock held. */
static bool
usb_task_dequeue(struct usbd_device *dev, struct usb_task *task)
{

	if (task->queue == USB_NUM_TASKQS)
		return false;
	TAILQ_REMOVE(&dev->ud_tasks, task, next);
	task->queue = USB_NUM_TASKQS;
	return true;
}

/*
 * usb_rem_task(dev, task)
 *
 *	Take task off the queue if it is on it.  It may be running.
 */
void
usb_rem_task(struct usbd_device *dev, struct usb_task *task)
{

	mutex_enter(&dev->ud_lock);
	(void)usb_task_dequeue(dev, task);
	mutex_exit(&dev->ud_lock);
}

/*
 * removed = usb_rem_task_wait(dev, task, queue, interlock)
 *
 *	Take task off the queue (true: it was there), and wait until it does
 *	not run; a task that was added while it ran is and does both.
 *	interlock, if not NULL, is held by the caller and left while waiting.
 *	The caller makes sure that nobody adds it again.  Sleeps; not from
 *	the task itself.
 */
bool
usb_rem_task_wait(struct usbd_device *dev, struct usb_task *task,
    int queue __unused, kmutex_t *interlock)
{
	bool removed;

	LOCKDEBUG_BARRIER(interlock, __func__);
	mutex_enter(&dev->ud_lock);
	removed = usb_task_dequeue(dev, task);
	if (dev->ud_curtask == task) {
		if (interlock != NULL)
			mutex_exit(interlock);
		while (dev->ud_curtask == task)
			cv_wait(&dev->ud_cv, &dev->ud_lock);
		mutex_exit(&dev->ud_lock);
		if (interlock != NULL)
			mutex_enter(interlock);
		return removed;
	}
	mutex_exit(&dev->ud_lock);
	return removed;
}

/*
 * yes = usb_task_pending(dev, task)
 *
 *	Is it queued?  A hint unless the caller keeps others from adding it.
 */
bool
usb_task_pending(struct usbd_device *dev, struct usb_task *task)
{
	bool pending;

	mutex_enter(&dev->ud_lock);
	pending = task->queue != USB_NUM_TASKQS;
	mutex_exit(&dev->ud_lock);
	return pending;
}
