// The last lines that a unit's processes wrote to standard output and error. A run gets a pipe; its
// read end is watched here, its write end is lent to processes. Bounded: so many lines, each at
// most so long, valid UTF-8; more is cut, never waited for. Owned by the unit; engine thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/base/fd.h"
#include "server/base/ring.h"
#include "server/loop/event_loop.h"
#include "server/unit/snapshot.h"

namespace socketd {

class UnitLog final : public Subscriber {
 public:
  static constexpr size_t kLines = 200;        // what `status` shows, and some more
  static constexpr size_t kLineBytes = 2048;   // LineMax= of journald is 48 kB; a screen is less
  static constexpr size_t kReadBytes = 16384;  // per turn: a chatty child cannot hold up others

  // `unit` is the name of its unit, which outlives it.
  UnitLog(EventLoop& loop, const std::string& unit) : loop_(loop), unit_(unit) {}
  ~UnitLog();
  UnitLog(const UnitLog&) = delete;
  UnitLog& operator=(const UnitLog&) = delete;

  // The write end of this run's pipe, made if need be. Null with an error: processes do without.
  const Fd* Sink();
  // Reads what is left, at most so much, and gives up the pipe.
  void Close();
  bool open() const { return static_cast<bool>(read_); }

  // Both ends, for the next daemon, which takes them over. Each is asked of the kernel once a pipe,
  // and only if somebody wants to know.
  FileId read_end() const;
  FileId write_end() const;
  void Recall(FileId read_end, FileId write_end);

  // Null: none yet. The value is shared until the next line comes.
  std::shared_ptr<const std::vector<LogLine>> lines() const;

  void OnEvent(const Event& event) override;

 private:
  bool Watch(Kernel::PipeEnds pipe);
  // True if there may be more.
  bool ReadSome();
  // Nobody reads the pipe any more.
  void GiveUp();
  void Take(absl::string_view bytes);
  void Keep(absl::string_view line);

  EventLoop& loop_;
  const std::string& unit_;
  Subscription subscription_;
  Fd read_;
  Fd write_;
  mutable FileId read_id_ = FileId::kNone;  // none: not asked yet
  mutable FileId write_id_ = FileId::kNone;
  std::string partial_;
  std::unique_ptr<Ring<LogLine>> ring_;
  mutable std::shared_ptr<const std::vector<LogLine>> shown_;
};

}  // namespace socketd
