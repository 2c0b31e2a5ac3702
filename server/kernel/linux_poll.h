// What is ready: epoll(7), the clock, the wake-up from other threads and the daemon's signals.
// Each registration carries where it belongs and a generation, so that a report about a descriptor
// that was closed meanwhile is dropped. Engine thread only, except Wake.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "server/base/instant.h"
#include "server/kernel/linux_abi.h"
#include "server/kernel/types.h"

namespace socketd {

class Poller {
 public:
  enum class Source : uint8_t {
    kIo,
    kProcess,
    kReport,
    kGroups,
    kSignal,
    kWake,
    kStrays,
    kBell,
    kKeeper
  };
  struct Ready {
    Source source = Source::kIo;
    uint32_t index = 0;
    uint32_t generation = 0;  // its low 24 bits
    bool readable = false;
    bool hang_up = false;
  };
  static constexpr uint32_t kGenerationMask = 0xFFFFFF;

  // Blocks all signals in the calling thread and takes SIGTERM, SIGINT and SIGHUP as events.
  static absl::StatusOr<std::unique_ptr<Poller>> Open();

  static Instant Now();
  // What became ready, at the latest at `deadline`; in no particular order. Nothing: it is time.
  absl::Span<const Ready> Wait(Instant deadline);
  void Wake();                            // any thread; TakeWake tells
  void Nudge();                           // any thread; only ends the wait
  UniqueFd CopyOfWake(int lowest) const;  // a number for children to write to
  // After Ready kWake: whether Wake was called since the last time.
  bool TakeWake();
  // After Ready kSignal: the next signal; number 0: no more.
  struct Signal {
    int number = 0;
    int sender = 0;  // a process id; 0: the kernel itself
  };
  Signal TakeSignal();

  // Ready kStrays comes once when a child of ours ended, tracked or not; then not before this.
  void ExpectStrays();

  // For the floor's own descriptors: level-triggered, but a process ends once and is told once.
  absl::Status Watch(int fd, Source source, uint32_t index, uint32_t generation);
  void Unwatch(int fd);
  // From here on only hang-ups of a watched descriptor.
  void WatchHangUp(int fd, Source source, uint32_t index, uint32_t generation);

  // For descriptors lent out by the kernel floor. One that was armed once and has told stays known
  // to epoll, which is silent about it, until it is armed again or forgotten.
  absl::Status Arm(int fd, Token token, Arming arming);
  void Disarm(int fd);
  void Forget(int fd);  // before it is closed
  // The token of an I/O report, if it is still wanted.
  Token TakeToken(const Ready& ready);

 private:
  struct Armed {
    Token token = Token::kNone;
    uint32_t generation = 0;
    bool registered = false;
    bool once = false;
  };
  static constexpr size_t kBatch = 128;

  Poller() = default;
  long WaitRaw(Instant deadline);  // NOLINT(google-runtime-int): what syscall returns
  static UniqueFd SignalsOf(std::initializer_list<int> numbers);

  UniqueFd epoll_;
  UniqueFd wake_;
  UniqueFd signals_;
  UniqueFd child_signal_;
  std::atomic<bool> wake_asked_{false};
  bool has_pwait2_ = true;    // until it turns out otherwise
  std::vector<Armed> armed_;  // by descriptor number
  std::array<epoll_event, kBatch> raw_{};
  std::array<Ready, kBatch> ready_{};
};

}  // namespace socketd
