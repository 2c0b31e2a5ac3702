// What a daemon finds when its life begins, and what it shares with its keeper (keeper.h) while it
// lives. Libc only, nothing is allocated. One page of shared memory goes between them: the keeper
// writes how orphans ended, the daemon how far it is, and both how an upgrade stands. Neither
// trusts the other's numbers further than that they are numbers.
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace socketd {

// A set of descriptor numbers. Those from kMost on, which no sane limit allows, are not in it.
class Numbers {
 public:
  static constexpr int kMost = 1 << 20;

  void Add(int number) {
    if (Fits(number)) words_[number / 64] |= Bit(number);
  }
  void Remove(int number) {
    if (Fits(number)) words_[number / 64] &= ~Bit(number);
  }
  bool Has(int number) const { return Fits(number) && (words_[number / 64] & Bit(number)) != 0; }
  void Clear() {
    for (uint64_t& word : words_)
      if (word != 0) word = 0;  // pages that nobody wrote to stay none
  }
  // Calls `each` with every number, from below.
  template <typename Each>
  void ForEach(Each each) const {
    for (int at = 0; at < kMost / 64; ++at)
      for (uint64_t word = words_[at]; word != 0; word &= word - 1)
        each(at * 64 + __builtin_ctzll(word));
  }

 private:
  static constexpr uint64_t Bit(int number) { return uint64_t{1} << (number % 64); }
  static constexpr bool Fits(int number) { return number >= 0 && number < kMost; }

  uint64_t words_[kMost / 64] = {};
};

// How a process ended that was the keeper's to reap, as waitid(2) has it.
struct Ending {
  int32_t pid = 0;
  int32_t code = 0;    // CLD_EXITED, CLD_KILLED, CLD_DUMPED
  int32_t status = 0;  // exit status or signal
  uint64_t born = 0;   // BornOf; 0: it could not be told
};

// The last endings, oldest overwritten first. One writer, the keeper; any number of readers.
class Endings {
 public:
  static constexpr uint64_t kMost = 4096;

  void Add(const Ending& ending) {
    const uint64_t at = written_.load(std::memory_order_relaxed);
    ring_[at % kMost] = ending;
    written_.store(at + 1, std::memory_order_release);
  }
  // The newest ending of that process; false: there is none, or not any more.
  bool Find(int pid, uint64_t born, Ending& found) const {
    const uint64_t end = written_.load(std::memory_order_acquire);
    for (uint64_t back = 1; back <= kMost && back <= end; ++back) {
      const Ending ending = ring_[(end - back) % kMost];
      if (ending.pid != pid || (ending.born != born && ending.born != 0)) continue;
      // It may have been overwritten while it was copied.
      if (written_.load(std::memory_order_acquire) - (end - back) > kMost) return false;
      found = ending;
      return true;
    }
    return false;
  }
  // Those that nobody can find any more.
  uint64_t lost() const {
    const uint64_t written = written_.load(std::memory_order_acquire);
    return written > kMost ? written - kMost : 0;
  }

 private:
  std::atomic<uint64_t> written_{0};
  Ending ring_[kMost];
};

// Text in shared memory: cut where it is too long, and read up to its end whoever wrote it.
template <size_t kSize>
struct SharedText {
  char bytes[kSize] = {};

  // False: it was cut.
  bool Set(std::string_view text) {
    const size_t length = text.size() < kSize ? text.size() : kSize - 1;
    memcpy(bytes, text.data(), length);
    bytes[length] = '\0';
    return length == text.size();
  }
  __attribute__((format(printf, 2, 3))) void Format(const char* format, ...) {
    va_list words;
    va_start(words, format);
    vsnprintf(bytes, kSize, format, words);
    va_end(words);
  }
  std::string_view view() const { return {bytes, strnlen(bytes, kSize)}; }
};

// A path, and what a program said.
using UpgradeError = SharedText<5120>;

// How an upgrade stands: another program takes the place of this one (keeper.h). Whoever may move
// it on writes everything else first.
struct Upgrade {
  enum State : int {
    kNone,
    kAsked,   // daemon: can the program `wanted` take over?
    kFit,     // keeper: it can, `to_version` is what it is
    kUnfit,   // keeper: it cannot, `error` says why
    kGo,      // daemon: it stands still and may be ended
    kTrial,   // keeper: the program is its own now; the new daemon is not ready yet
    kDone,    // daemon: the new one is ready
    kFailed,  // keeper: the old program goes on, `error` says why
  };
  std::atomic<int> state{kNone};
  int32_t limit = 0;  // milliseconds for the check, and for the new daemon to be ready
  int64_t began = 0;  // microseconds of a clock that never runs backwards: the old one stood still
  int64_t ended = 0;  // the new one was ready, or the old one was to go on
  int64_t at = 0;     // the same moment, seconds since 1970
  SharedText<4096> wanted;
  SharedText<64> from_version;
  SharedText<64> to_version;
  UpgradeError error;
};

// Which numbers hold what strangers have sent. Each such descriptor has a serial number that no
// other has: by both the next daemon tells it from all else that is open, without a look at it. A
// look may wait for whoever serves a file (FUSE), and what has no inode of its own shows nothing.
// Pages that nobody wrote to stay none: it is zero memory when it is made, and has nothing to
// initialise. Any thread.
class Arrivals {
 public:
  // The number of a descriptor that has just come; 0: it is too high to be noted.
  uint32_t Add(int number) {
    if (!Fits(number)) return 0;
    uint32_t serial = last_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (serial == 0) serial = last_.fetch_add(1, std::memory_order_relaxed) + 1;
    At(number).store(serial, std::memory_order_relaxed);
    return serial;
  }
  // Both in one: no other descriptor has had or will have it. 0: it is not a stranger's.
  uint64_t IdOf(int number) const {
    const uint64_t serial = Of(number);
    return serial == 0 ? 0 : serial * Numbers::kMost + static_cast<uint64_t>(number);
  }
  static int NumberOf(uint64_t id) { return static_cast<int>(id % Numbers::kMost); }
  // One that has come back by that id, and has the number of it.
  void Restore(uint64_t id) {
    const auto serial = static_cast<uint32_t>(id / Numbers::kMost);
    if (serial == 0) return;
    At(NumberOf(id)).store(serial, std::memory_order_relaxed);
    if (last_ < serial) last_ = serial;
  }
  // Before it is closed: its number is somebody else's the moment it is.
  void Remove(int number) {
    if (Of(number) != 0) At(number).store(0, std::memory_order_relaxed);
  }
  // 0: it is not a stranger's.
  uint32_t Of(int number) const {
    return Fits(number) ? At(number).load(std::memory_order_relaxed) : 0;
  }

 private:
  static constexpr bool Fits(int number) { return number >= 0 && number < Numbers::kMost; }
  std::atomic_ref<uint32_t> At(int number) const {
    return std::atomic_ref<uint32_t>(serials_[number]);
  }

  std::atomic<uint32_t> last_{0};
  mutable uint32_t serials_[Numbers::kMost];
};

struct SharedPage {
  enum Stage : int { kStarting, kReady, kDone };
  std::atomic<int> keeper{0};         // its process id; another one when an heir has taken over
  std::atomic<int> daemon{-1};        // the daemon's pidfd
  std::atomic<int> stage{kStarting};  // of the daemon
  Endings endings;
  Upgrade upgrade;
  Arrivals arrivals;
};

// Plain values, as the keeper's memory has them when the daemon is born from it.
struct Life {
  SharedPage* page = nullptr;  // null: nobody keeps this daemon
  int number = 1;              // from 1: which life this is
  int last_ready = 0;          // the last one before that was; 0: unknown
  int memory = -1;             // a memfd that outlives it
  int bell = -1;               // an eventfd: the keeper has changed something in the page
  int knock = -1;              // an eventfd: the daemon has
  const char* program = "";    // absolute path; the keeper's memory
  // Start with activation held: the lives before ended too soon.
  bool hold = false;
  // What the daemon before had open: by its numbers, it still is.
  const Numbers* left = nullptr;

  bool kept() const { return page != nullptr; }
};

// Tells a process from all that have or will have its number: the inode of `pidfd` where pidfds
// have inodes of their own (pidfs, Linux 6.9), else when it was started, in clock ticks (proc(5),
// field 22 of stat). Also of a zombie. 0: it cannot be told.
uint64_t BornOf(pid_t pid, int pidfd);

}  // namespace socketd
