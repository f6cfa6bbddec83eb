"""Who works: the call owns the threads.

Several threads pay only while the matrix products inside them keep to one thread each, which NumPy cannot ask of its
BLAS but threadpoolctl can.  That limit holds for the whole process, so whoever computes without it would get other
last bits whenever somebody else computes with it.  Therefore every call of a method, of a model or of an op runs under
it from its first product to its last: `own_threads` sets it, and calls inside a call, and all its threads, stand under
the same one.  The first call that needs the limit sets it, the last one lifts it.  So the same call gives the same bits
alone and among others.  Where BLAS cannot be asked, jobs run one after the other and BLAS uses its threads as it likes.

An interrupt (Ctrl-C) may hit the main thread after any call, but never between two calls of C.  So whatever is taken is
taken inside a `try`, its `finally` begins with the single call of C that gives it back, and each step of setting and
lifting the limit may be done twice.  An interrupt in the middle leaves the rest to a new thread, which none can reach.
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

    Those built with OpenMP have a number for each thread, so what others set there changes nothing here.
    """
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    return [library for library in found if getattr(library, "threading_layer", "") != "openmp"]


def set_threads(library: Any, n: int) -> None:
    """Set how many threads a library may use.

    In threadpoolctl 3.8 only the first thread that sets a limit may set others, for as long as it lives; that is for
    those who do not know of each other, and would keep either the user or minixai from setting any.
    """
    getattr(library, "_real_set_num_threads", library.set_num_threads)(n)


def thread_count() -> int:
    """How many threads BLAS may use just now, if that can be asked and changed; otherwise 1."""
    return max((library.num_threads for library in libraries()), default=1)


class Owner:
    """A call that owns the threads."""

    __slots__ = ("threads",)

    def __init__(self) -> None:
        self.threads = 1  # how many BLAS may use otherwise, and so this call


owner: ContextVar[Owner | None] = ContextVar("owner", default=None)
"""The owner of the threads, for the code that asks."""
in_job: ContextVar[bool] = ContextVar("in_job", default=False)
"""Whether the code that asks is a job already, whose own jobs are then done by the thread that asks."""


def current_owner() -> Owner | None:
    """The call that this code is part of, if it owns the threads."""
    found = owner.get()
    return found if found in limiter.owners else None


class Limiter:
    """Limits BLAS to one thread when the first owner comes, and lifts the limit when the last one is gone."""

    def __init__(self) -> None:
        self.lock = _thread.RLock()  # unlike a plain one it knows whose it is, so that `release` may come too often
        self.owners: dict[Owner | None, None] = {}
        self.before: dict[Any, int] = {}  # how many threads each library had
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
        """Give BLAS its threads back, if there is no owner any more."""
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
    """Threads that wait for work: to wake one takes less time than to make it."""

    def __init__(self) -> None:
        self.inbox: SimpleQueue[deque[Callable[[], None]]] = SimpleQueue()
        self.seats: deque[None] = deque()  # a new thread takes one, or ends
        self.made = 0

    def ask(self, tasks: list[deque[Callable[[], None]]]) -> None:
        """Have threads do these tasks, each a deque that is emptied when it is no longer needed."""
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
    except IndexError:  # it was done without this thread
        return
    work()


limiter, helpers = Limiter(), Helpers()


def own_threads(function: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> T:
    """Return function(*args, **options), which is a call that owns the threads, or part of one."""
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
    """work(space, *job) for every job, in any order, on as many threads as BLAS would have used.

    Who does them decides nothing, because the jobs know nothing of each other.  If work calls this again, the jobs are
    done by the thread that asks.  After an exception, or an interrupt, a thread may still be at its last job; what it
    writes into is then nobody else's.
    """
    waiting = deque(jobs)
    if waiting:
        own_threads(share, work, waiting)


def share(work: Callable[..., None], waiting: deque[tuple[Any, ...]]) -> None:
    """Do the jobs that wait, with helpers where there are several."""
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
        except BaseException as problem:  # told to the caller, which waits for it
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
    """The function as a job, in a copy of what holds here, such as np.errstate."""
    context = copy_context()
    context.run(in_job.set, True)
    return lambda: context.run(function)


def reset_after_fork() -> None:
    """A forked process has none of the threads, and nobody who would give BLAS its own back."""
    global limiter, helpers
    before = limiter.before
    limiter, helpers = Limiter(), Helpers()
    limiter.before = before
    limiter.settle()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=reset_after_fork)
