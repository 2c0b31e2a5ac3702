#include "server/engine/unit_log.h"

#include <utility>

#include "server/base/log.h"
#include "server/base/text.h"

namespace socketd {
namespace {

// Bytes that are no clean UTF-8 become '?', so that what is shown can travel in a message.
std::string Cleaned(absl::string_view line) {
  if (IsCleanUtf8(line)) return std::string(line);
  std::string clean;
  for (size_t i = 0; i < line.size();) {
    size_t length = 1;
    while (length < 4 && i + length <= line.size() && !IsCleanUtf8(line.substr(i, length)))
      ++length;
    const absl::string_view rune = line.substr(i, length);
    const bool good = IsCleanUtf8(rune);
    clean += good ? std::string(rune) : "?";
    i += good ? rune.size() : 1;
  }
  return clean;
}

}  // namespace

UnitLog::~UnitLog() {
  if (read_) loop_.kernel().Disarm(read_);
}

const Fd* UnitLog::Sink() {
  if (write_) return &write_;
  Close();  // of a daemon before, whose write end is lost
  absl::StatusOr<Kernel::PipeEnds> pipe = loop_.kernel().Pipe();
  if (!pipe.ok()) {
    LogFailure(Level::kWarning, "unit.no-log", pipe.status(), {{"unit", unit_}});
    return nullptr;
  }
  return Watch(*std::move(pipe)) ? &write_ : nullptr;
}

bool UnitLog::Watch(Kernel::PipeEnds pipe) {
  Subscription subscription(loop_, *this);
  const absl::Status armed = loop_.kernel().Arm(pipe.read, subscription.token(), Arming::kLevel);
  if (!armed.ok()) {
    LogFailure(Level::kWarning, "unit.no-log", armed, {{"unit", unit_}});
    return false;
  }
  subscription_ = std::move(subscription);
  read_ = std::move(pipe.read);
  write_ = std::move(pipe.write);
  return true;
}

FileId UnitLog::read_end() const {
  if (read_ && read_id_ == FileId::kNone) read_id_ = loop_.kernel().IdOf(read_);
  return read_id_;
}

FileId UnitLog::write_end() const {
  if (write_ && write_id_ == FileId::kNone) write_id_ = loop_.kernel().IdOf(write_);
  return write_id_;
}

// Without its write end, what runs is heard and what is started gets another pipe.
void UnitLog::Recall(FileId read_end, FileId write_end) {
  if (read_end == FileId::kNone) return;
  absl::StatusOr<Fd> read = loop_.kernel().TakeOver(read_end);
  if (!read.ok()) return;
  absl::StatusOr<Fd> write = loop_.kernel().TakeOver(write_end);
  Watch({*std::move(read), write.ok() ? *std::move(write) : Fd()});
}

void UnitLog::OnEvent(const Event& /*event*/) {
  ReadSome();
}

bool UnitLog::ReadSome() {
  if (!read_) return false;
  const absl::StatusOr<std::string> bytes = loop_.kernel().Read(read_, kReadBytes);
  if (bytes.ok() && !bytes->empty()) {
    Take(*bytes);
    return true;
  }
  if (!bytes.ok() && absl::IsUnavailable(bytes.status())) return false;
  GiveUp();  // the end, or a broken pipe: nobody can write any more
  return false;
}

void UnitLog::GiveUp() {
  loop_.kernel().Disarm(read_);
  read_ = Fd();
  read_id_ = FileId::kNone;
  subscription_ = Subscription();
}

void UnitLog::Close() {
  write_ = Fd();
  write_id_ = FileId::kNone;
  constexpr int kLastReads = 8;  // 128 kB, twice what a pipe holds
  for (int i = 0; i < kLastReads && ReadSome(); ++i) {
  }
  if (!partial_.empty()) Keep(std::exchange(partial_, {}));
  if (read_) GiveUp();
}

void UnitLog::Take(absl::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const absl::string_view part = bytes.substr(0, end);
    if (partial_.size() < kLineBytes) {
      partial_.append(part.data(), std::min(part.size(), kLineBytes - partial_.size()));
    }
    if (end == absl::string_view::npos) return;
    Keep(std::exchange(partial_, {}));
    bytes.remove_prefix(end + 1);
  }
}

void UnitLog::Keep(absl::string_view line) {
  if (ring_ == nullptr) ring_ = std::make_unique<Ring<LogLine>>(kLines);
  LogLine kept{loop_.wall_now(), Cleaned(line)};
  if (LogEnabled(Level::kDebug))
    Log(Level::kDebug, "unit.said", {{"unit", unit_}, {"line", kept.text}});
  ring_->Push(std::move(kept));
  shown_ = nullptr;
}

std::shared_ptr<const std::vector<LogLine>> UnitLog::lines() const {
  if (ring_ == nullptr) return nullptr;
  if (shown_ == nullptr) {
    auto lines = std::make_shared<std::vector<LogLine>>();
    for (size_t i = 0; i < ring_->size(); ++i)
      lines->push_back((*ring_)[i]);
    shown_ = std::move(lines);
  }
  return shown_;
}

}  // namespace socketd
