// What goes from one program to the next in the keeper's process, and what keepers and heirs know
// of each other meanwhile. Shared memory that daemons do not see. Fields are only ever added, at
// the end, and raise the layout (the page's of life.h with it): a program reads those of all that
// came before it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>

#include "server/keeper/life.h"

namespace socketd {

struct Baton {
  static constexpr uint64_t kMagic = 0x6e6f7461426b6373;  // "sckBaton"
  static constexpr uint32_t kLayout = 1;
  static constexpr int kMostOwn = 256;
  static constexpr int kMostArguments = 1024;
  // Names the baton's number to the next program.
  static constexpr char kVariable[] = "SOCKETD_TAKE_OVER";
  enum Phase : int { kHome, kLeaving, kReturning };

  uint64_t magic = kMagic;
  uint32_t layout = kLayout;
  // Each program that takes over is a generation of its own. The heirs of one take the keeper's
  // place, those of the others go: a keeper has it changed once it has an heir, so that of two
  // there is always one.
  std::atomic<int> owner{1};
  std::atomic<int> generations{1};
  std::atomic<int> phase{kHome};
  // On the way into another program: milliseconds of the keeper's clock; later than that it hangs.
  std::atomic<int64_t> until{0};
  // The heir that stayed behind, and whose it is.
  std::atomic<int> guard{0};
  std::atomic<int> guard_generation{0};
  std::atomic<int> life{0};   // the last one
  std::atomic<int> trial{0};  // of the owner's first daemon
  // Descriptors by number.
  int page = -1;
  int memory = -1;
  int bell = -1;
  int knock = -1;
  int signals = -1;
  int lock = -1;
  int before = -1;  // the old program
  int own_count = 0;
  int own[kMostOwn] = {};
  // Of the process.
  int stop = 0;  // a signal to stop that came meanwhile
  uint64_t files_soft = 0;
  uint64_t files_hard = 0;
  SharedText<16> oom;  // oom_score_adj before the keeper's own; empty: it is as it was
  SharedText<4096> home;
  SharedText<4096> home_parent;
  SharedText<1024> home_refused;
  // How the old program was started: for a way back.
  SharedText<4096> program;
  int argument_count = 0;
  char arguments[65536] = {};  // each with its end
  UpgradeError error;          // why it goes back
};

}  // namespace socketd
