// The keeper watches a daemon and starts the next one when it is gone, however it went. Keeper and
// heir are forks of the daemon's own program, made before it has begun anything: they share the
// daemon's table of descriptors (CLONE_FILES, clone(2)) and nothing else, so each holds, at every
// instant and at no cost, all that the daemon has open: listeners, accepted connections, pidfds,
// pipes. Nothing is copied, passed or registered, and no limit applies twice.
//
// The keeper is the main process of the service, the parent of the daemon and the sub-reaper of
// what a dead one leaves. The heir only waits for the keeper to go, and takes its place; then the
// daemon is not its child, and how orphans end is its to know again from the next daemon on.
// Keeper and heir make each other and the daemon. What is open is lost only if all go at once and
// nobody above holds it (server/main/held_above.h).
//
// An upgrade puts another program into the keeper's process, whose children and descriptors stay
// what they are. The daemon asks, the keeper lets the program try itself (--check-take-over) in a
// process of its own; then the daemon stands still and is ended, and the keeper executes the
// program. The heir stays behind with a table of its own, and is the keeper of the old program if
// the new one ends or hangs before it has an heir and a daemon of its own. If that daemon is not
// ready in time, the keeper executes the old program again, which it holds open.
//
// Libc only. One thread, no allocation once it watches. Signals to the keeper are passed on to the
// daemon: SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/keeper/life.h"
#include "server/keeper/origin.h"

namespace socketd {

struct KeepOrders {
  // Called just before the keeper ends.
  void (*at_end)() = nullptr;
  // Of main(), and kept by it. Null: there are no upgrades.
  char** arguments = nullptr;
  // What the next program is to know.
  Legacy legacy;
  // What daemons before have left open, for the first one; null: nothing.
  const Numbers* handed = nullptr;
  // Which of it strangers had sent to them (Arrivals::IdOf).
  const uint64_t* kept = nullptr;
  size_t kept_count = 0;
  // Their memory; -1: there is none.
  int memory = -1;
  // The number of the last one, and of the first one whose descriptors these are.
  int life = 0;
  int first_life = 0;
};

// Comes back in each new daemon, from the first on; the caller stays the keeper, and ends with the
// daemon: with its exit status if it stopped in order or was never ready in its first life. To be
// called before any thread is started and anything is open that a later daemon must not have. A
// machine that cannot do this is told on stderr, and the caller goes on as a daemon that nobody
// keeps.
Life Keep(const Origin& origin, const KeepOrders& orders);

// The daemon's word to its keeper, if it has one: it serves; it stops in order.
void SayReady(const Life& life);
void SayDone(const Life& life);

// The daemon's part of an upgrade. Asks the keeper whether `program`, an absolute path, can take
// over; check and trial may take `limit` milliseconds each. The bell tells when it knows
// (Upgrade::state). False: another upgrade is under way.
struct UpgradeQuestion {
  std::string_view program;
  std::string_view version;  // of who asks
  int limit = 0;
};
bool AskForUpgrade(const Life& life, const UpgradeQuestion& question);
// Stands still until the keeper ends this process. Comes back if it does not: nothing has happened.
void LetGo(const Life& life);
// There will be no hand-over after all, unless it has begun. Any thread.
void CallOff(const Life& life, std::string_view why);

// Who is to be signalled and seen as the service: the keeper, or this process if nobody keeps it.
int MainProcess(const Life& life);

}  // namespace socketd
