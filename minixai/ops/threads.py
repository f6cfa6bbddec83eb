"""Threads: each call of minixai limits BLAS to one thread, and runs its own threads.

Several threads pay only if each matrix product inside them uses one thread.  NumPy cannot limit its BLAS, but
threadpoolctl can.  The limit holds for the whole process, so a computation without the limit would get other last bits
whenever another thread sets it.  Therefore every call of a method, a model or an op runs under the limit from its first
product to its last: `own_threads` ensures this.  Nested calls, and all threads of a call, share one limit.  The first
call that needs it sets it, and the last one lifts it.  So the same call gives the same bits whether or not others run
at the same time.  If BLAS cannot be limited, jobs run one after another, and BLAS uses as many threads as it likes.

An interrupt (Ctrl-C) can reach the main thread after any call, but never between two calls of C.  So whatever is
acquired is acquired inside a `try`, whose `finally` begins with the single call of C that releases it, and each step of
setting and lifting the limit may safely run twice.  An interrupt in the middle leaves the rest to a new thread, which
no interrupt can reach.
"""

from __future__ import annotations

import _thread
import os
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import ContextVar, copy_context
from functools import cache
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

from minixai.ops.memory import array_pool, workspace

P = ParamSpec("P")
T = TypeVar("T")


@cache
def libraries() -> list[Any]:
    """The BLAS libraries whose number of threads can be set for the whole process.

    Libraries built with OpenMP are left out: they have a separate number for each thread, so setting it in one thread
    does not affect the others.
    """
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    return [library for library in found if getattr(library, "threading_layer", "") != "openmp"]


def set_threads(library: Any, n: int) -> None:
    """Set how many threads a library may use.

    In threadpoolctl 3.8 the first thread that sets a limit is the only one that may set others, for as long as it
    lives.  That would stop either the user or minixai from setting any, so this function bypasses the rule.
    """
    getattr(library, "_real_set_num_threads", library.set_num_threads)(n)


def thread_count() -> int:
    """How many threads BLAS may use at present; 1 if that cannot be asked or set."""
    return max((library.num_threads for library in libraries()), default=1)


class Owner:
    """A call that runs under the limit on BLAS, and owns the threads."""

    __slots__ = ("threads",)

    def __init__(self) -> None:
        self.threads = 1  # how many BLAS may use without the limit; this call may use as many


owner: ContextVar[Owner | None] = ContextVar("owner", default=None)
"""The call that owns the threads, in the present context."""
in_job: ContextVar[bool] = ContextVar("in_job", default=False)
"""Whether the present code runs inside a job; jobs that it starts then run in the same thread."""


def current_owner() -> Owner | None:
    """The call that the present code is part of, if it still owns the threads; otherwise None."""
    found = owner.get()
    return found if found in limiter.owners else None


class Limiter:
    """Limits BLAS to one thread when the first owner comes, and lifts the limit when the last owner has gone."""

    def __init__(self) -> None:
        self.lock = _thread.RLock()  # an RLock knows its owner, so one `release` too many is an error, not harm
        self.owners: dict[Owner | None, None] = {}
        self.before: dict[Any, int] = {}  # how many threads each library had before the limit
        self.limited = False

    def enter(self, mine: Owner) -> None:
        try:
            self.lock.acquire()
            self.owners[mine] = None
            if not self.limited:
                for library in libraries():
                    self.before.setdefault(library, library.num_threads)
                    set_threads(library, 1)
                self.limited = True
            mine.threads = max(self.before.values(), default=1)
        finally:
            try:  # noqa: SIM105, which would put other calls before this one
                self.lock.release()
            except RuntimeError:  # the interrupt came before
                pass

    def settle(self) -> None:
        """Restore BLAS's own number of threads, if there is no owner left."""
        try:
            self.lock.acquire()
            if not self.owners:
                self.limited = False
                for library, n in self.before.copy().items():
                    set_threads(library, n)
                    del self.before[library]
        finally:
            try:  # noqa: SIM105, which would put other calls before this one
                self.lock.release()
            except RuntimeError:  # the interrupt came before
                pass


class Helpers:
    """Threads that wait for work, because waking a thread takes less time than starting one."""

    def __init__(self) -> None:
        self.inbox: SimpleQueue[deque[Callable[[], None]]] = SimpleQueue()
        self.seats: deque[None] = deque()  # a new thread takes one, or ends if there is none
        self.made = 0

    def ask(self, tasks: list[deque[Callable[[], None]]]) -> None:
        """Let helper threads do these tasks.

        Each task is a deque that holds one function, and is emptied to cancel it.
        """
        if self.made < len(tasks):
            self.seats.extend([None] * (len(tasks) - self.made))
            self.made = len(tasks)
        try:
            for _ in range(len(self.seats)):
                _thread.start_new_thread(self.serve, ())
        except RuntimeError:  # no new threads: too many, or the interpreter is ending
            return
        for task in tasks:
            self.inbox.put(task)

    def serve(self) -> None:
        try:
            self.seats.popleft()
        except IndexError:
            return
        while True:
            do(self.inbox.get())


def do(task: deque[Callable[[], None]]) -> None:
    try:
        work = task.popleft()
    except IndexError:  # it was cancelled
        return
    work()


limiter, helpers = Limiter(), Helpers()


def own_threads(function: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> T:
    """Return function(*args, **options), run as a call that owns the threads.

    If the present code is already part of such a call, the function becomes a part of it too.
    """
    if current_owner() is not None:
        return function(*args, **options)
    mine, context = Owner(), copy_context()
    context.run(owner.set, mine)
    try:
        limiter.enter(mine)
        return context.run(function, *args, **options)
    finally:
        try:
            limiter.owners.pop(mine, None)
            limiter.settle()
            array_pool.reclaim()
        except BaseException:
            _thread.start_new_thread(limiter.settle, ())
            raise


def in_parallel(work: Callable[..., None], jobs: Iterable[tuple[Any, ...]]) -> None:
    """Run work(space, *job) for every job, in any order, on as many threads as BLAS could use.

    `space` is a `Workspace`.  Jobs must be independent, so the result does not depend on which thread does which job.
    If `work` itself calls this function, the inner jobs run in the calling thread.  After an exception or an interrupt,
    a thread may still be busy with its last job, so what that job writes into must not be reused.
    """
    waiting = deque(jobs)
    if waiting:
        own_threads(share, work, waiting)


def share(work: Callable[..., None], waiting: deque[tuple[Any, ...]]) -> None:
    """Do the waiting jobs, with helper threads if there are several jobs."""
    count = len(waiting)
    whose = current_owner()
    helping = 0 if in_job.get() or whose is None else min(whose.threads, count) - 1
    if not helping:
        with workspace() as space:
            for job in waiting:
                work(space, *job)
        return
    done: SimpleQueue[BaseException | None] = SimpleQueue()

    def help_out() -> None:
        try:
            with workspace() as space:
                while True:
                    try:
                        job = waiting.popleft()
                    except IndexError:
                        return
                    work(space, *job)
                    done.put(None)
        except BaseException as problem:  # passed to the caller, which waits for it
            waiting.clear()
            done.put(problem)

    def take_part() -> int:
        number = 0
        with workspace() as space:
            while waiting:
                try:
                    job = waiting.popleft()
                except IndexError:  # another thread was faster
                    break
                work(space, *job)
                number += 1
        return number

    tasks = [deque([task_in_context(help_out)]) for _ in range(helping)]
    try:
        helpers.ask(tasks)
        context = copy_context()
        context.run(in_job.set, True)
        mine = context.run(take_part)
        for _ in range(count - mine):
            if (problem := done.get()) is not None:
                raise problem
    finally:
        waiting.clear()
        for task in tasks:
            task.clear()


def task_in_context(function: Callable[[], None]) -> Callable[[], None]:
    """The function as a job, run in a copy of the present context, such as np.errstate."""
    context = copy_context()
    context.run(in_job.set, True)
    return lambda: context.run(function)


def reset_after_fork() -> None:
    """Reset the thread state in a forked child: restore BLAS's own number of threads.

    The child has no helper threads, and no call is left that would lift the limit on BLAS.
    """
    global limiter, helpers
    before = limiter.before
    limiter, helpers = Limiter(), Helpers()
    limiter.before = before
    limiter.settle()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=reset_after_fork)
