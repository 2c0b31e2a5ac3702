#include "server/engine/ports.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/base/log.h"

namespace socketd {
namespace {

// The node that a listener makes in the file system; null: none.
const std::string* PathOf(const ListenSpec& spec) {
  const bool makes_one =
      Accepts(spec.type) || spec.type == ListenType::kDatagram || spec.type == ListenType::kFifo;
  const auto* path = std::get_if<PathAddress>(&spec.address);
  return makes_one && path != nullptr ? &path->path : nullptr;
}

}  // namespace

absl::StatusOr<PortSet::Opened> PortSet::OpenOne(const ListenSpec& wanted) {
  ListenSpec spec = wanted;
  spec.owner = owner_;
  absl::StatusOr<Port> port = loop_.kernel().Listen(spec);
  if (!port.ok()) return port.status();
  Opened opened;
  opened.port = *std::move(port);
  opened.subscription = Subscription(loop_, subscriber_);
  return opened;
}

std::shared_ptr<const SocketSettings> PortSet::Lenient(const SocketSettings& settings) {
  auto lenient = std::make_shared<SocketSettings>(settings);
  lenient->partial_listen = true;
  return lenient;
}

absl::Status PortSet::Open(const std::shared_ptr<const SocketSettings>& settings,
                           const Owner& owner,
                           absl::Span<const uint32_t> before) {
  if (!ports_.empty()) return absl::OkStatus();
  settings_ = settings;
  owner_ = owner;
  link_warnings_.clear();
  // What was open before is not lost for a port that a changed file has as well.
  const bool lenient = settings_->partial_listen || !before.empty();
  std::vector<Opened> opened;
  absl::Status refused;
  for (size_t i = 0; i < settings_->listeners.size(); ++i) {
    ListenSpec spec = settings_->listeners[i].spec;
    if (i < before.size()) SetPortIfNone(spec.address, static_cast<uint16_t>(before[i]));
    absl::StatusOr<Opened> one = OpenOne(spec);
    opened.push_back(one.ok() ? *std::move(one) : Missing(one.status()));
    if (one.ok() || !refused.ok()) continue;
    failed_ = i;
    refused = WithFacts(one.status(), {{"address", settings_->listeners[i].address}});
    if (!lenient) break;
  }
  ports_ = std::move(opened);
  const bool enough = lenient && missing() < ports_.size();
  if (!refused.ok() && !enough) {
    Close();
    return refused;
  }
  if (!refused.ok()) settings_ = Lenient(*settings_);
  MakeSymlinks();
  return absl::OkStatus();
}

PortSet::Opened PortSet::Missing(const absl::Status& why) {
  Opened missing;
  missing.why_missing = std::string(why.message());
  return missing;
}

size_t PortSet::missing() const {
  return static_cast<size_t>(
      std::count_if(ports_.begin(), ports_.end(), [](const Opened& one) { return !one.port.fd; }));
}

void PortSet::OpenMissing() {
  for (size_t i = 0; i < ports_.size(); ++i) {
    if (ports_[i].port.fd) continue;
    const absl::Status again = OpenAgain(i);
    if (!again.ok()) ports_[i].why_missing = std::string(again.message());
  }
}

std::vector<std::string> PortSet::warnings() const {
  std::vector<std::string> all;
  for (const Opened& opened : ports_) {
    for (const auto* lines : {&opened.port.warnings, &opened.repairs})
      all.insert(all.end(), lines->begin(), lines->end());
    if (opened.why_missing.empty()) continue;
    const SocketSettings::Listener& listener =
        settings_->listeners[static_cast<size_t>(&opened - ports_.data())];
    all.push_back(absl::StrCat("[Socket] ", listener.kind, "=", listener.address,
                               " is not open and is tried again: ", opened.why_missing));
  }
  all.insert(all.end(), link_warnings_.begin(), link_warnings_.end());
  return all;
}

// What Symlinks= lead to: the first of all nodes.
const std::string* PortSet::NodeOf(const SocketSettings& settings) {
  for (const SocketSettings::Listener& listener : settings.listeners) {
    if (const std::string* path = PathOf(listener.spec)) return path;
  }
  return nullptr;
}

void PortSet::MakeSymlinks() {
  const std::string* const path = NodeOf(*settings_);
  if (path == nullptr) return;
  for (const std::string& link : settings_->symlinks) {
    const absl::Status made = MakeSymlink(*path, link);
    if (made.ok()) links_.push_back(link);
    // As systemd: the socket works without its other names.
    if (!made.ok()) Warn(link, made);
  }
}

void PortSet::Warn(const std::string& link, const absl::Status& failure) {
  LogFailure(Level::kWarning, "port.no-symlink", failure, {{"path", link}});
  link_warnings_.push_back(absl::StrCat("[Socket] Symlinks=: ", std::string(failure.message())));
}

// With RemoveOnStop= the name is ours to clear: what is there was left behind.
absl::Status PortSet::MakeSymlink(const std::string& target, const std::string& link) {
  absl::Status made = loop_.kernel().MakeSymlink(target, link);
  if (ErrnoOf(made) != EEXIST || !settings_->remove_on_stop) return made;
  if (!loop_.kernel().Remove(link, 0).ok()) return made;
  return loop_.kernel().MakeSymlink(target, link);
}

void PortSet::RemoveNode(const ListenSpec& spec, uint64_t node) {
  const std::string* path = PathOf(spec);
  const auto* queue = std::get_if<QueueAddress>(&spec.address);
  if (path == nullptr && queue == nullptr) return;
  const absl::Status removed = path != nullptr ? loop_.kernel().Remove(*path, node)
                                               : loop_.kernel().RemoveQueue(queue->name, node);
  if (removed.ok() || absl::IsNotFound(removed)) return;
  LogFailure(Level::kWarning, "port.not-removed", removed, {{"address", ToText(spec.address)}});
}

void PortSet::RemoveNodes() {
  if (settings_ == nullptr || !settings_->remove_on_stop || ports_.empty()) {
    links_.clear();
    return;
  }
  for (size_t i = 0; i < ports_.size(); ++i) {
    const uint64_t node = ports_[i].port.node;  // 0: the port could not be had again
    if (node != 0) RemoveNode(settings_->listeners[i].spec, node);
  }
  RemoveSymlinks();
}

void PortSet::RemoveSymlinks() {
  link_warnings_.clear();
  for (const std::string& link : std::exchange(links_, {})) {
    const absl::Status removed = loop_.kernel().Remove(link, 0);
    if (removed.ok() || absl::IsNotFound(removed)) continue;
    LogFailure(Level::kWarning, "port.not-removed", removed, {{"path", link}});
  }
}

void PortSet::Close() {
  // An interest of epoll outlives our descriptor where a service holds a copy: disarm first.
  Disarm();
  RemoveNodes();
  ports_.clear();
}

// Once for each port and what it is.
void PortSet::Report(size_t index, absl::string_view what) {
  const SocketSettings::Listener& listener = settings_->listeners[index];
  std::string line = absl::StrCat("[Socket] ", listener.kind, "=", listener.address, ": ", what);
  std::vector<std::string>& said = ports_[index].repairs;
  if (std::find(said.begin(), said.end(), line) != said.end()) return;
  Log(Level::kWarning, "port.repaired", {{"address", listener.address}, {"found", what}});
  said.push_back(std::move(line));
}

absl::Status PortSet::OpenAgain(size_t index) {
  absl::StatusOr<Opened> again = OpenOne(settings_->listeners[index].spec);
  if (!again.ok()) return again.status();
  again->polls = ports_[index].polls;
  again->repairs = std::move(ports_[index].repairs);
  DisarmOne(ports_[index]);
  ports_[index] = *std::move(again);
  return absl::OkStatus();
}

absl::Status PortSet::Restore(size_t index) {
  Opened& opened = ports_[index];
  if (!opened.port.fd) return OpenAgain(index);
  const absl::StatusOr<PortFound> found =
      loop_.kernel().Restore(opened.port, settings_->listeners[index].spec);
  if (!found.ok()) return found.status();
  switch (*found) {
    case PortFound::kSound:
      break;
    case PortFound::kRepaired:
      Report(index, "a service shut it down; it listens again");
      break;
    case PortFound::kBroken:
      Report(index, "a service shut it down; it was opened anew");
      // The address is taken as long as our own copy of the broken one is open.
      DisarmOne(opened);
      opened.port = Port();
      return OpenAgain(index);
    case PortFound::kNameless: {
      const absl::Status again = OpenAgain(index);
      if (IsResourceShortage(again)) return again;
      Report(index, again.ok() ? "its node was gone; it was opened anew"
                               : absl::StrCat("its node was gone and cannot be had again: ",
                                              std::string(again.message())));
      break;
    }
  }
  return absl::OkStatus();
}

absl::Status PortSet::Arm(Arming arming) {
  for (size_t i = 0; i < ports_.size(); ++i) {
    Opened& opened = ports_[i];
    if (settings_->partial_listen && !opened.port.fd) continue;
    const absl::Status restored = Restore(i);
    if (!restored.ok() && settings_->partial_listen && !IsResourceShortage(restored)) {
      opened = Missing(restored);
      continue;
    }
    if (!restored.ok()) return restored;
    const absl::Status armed =
        loop_.kernel().Arm(opened.port.fd, opened.subscription.token(), arming);
    if (!armed.ok()) return armed;
    if (!opened.armed) ++armed_;
    opened.armed = true;
  }
  return absl::OkStatus();
}

void PortSet::DisarmOne(Opened& opened) {
  if (!std::exchange(opened.armed, false)) return;
  loop_.kernel().Disarm(opened.port.fd);
  --armed_;
}

void PortSet::Disarm() {
  for (Opened& opened : ports_)
    DisarmOne(opened);
}

const Fd* PortSet::Find(const Event& event) const {
  for (const Opened& opened : ports_) {
    if (opened.armed && opened.subscription.token() == event.token) return &opened.port.fd;
  }
  return nullptr;
}

size_t PortSet::IndexOf(const Fd& port) const {
  for (size_t i = 0; i < ports_.size(); ++i) {
    if (&ports_[i].port.fd == &port) return i;
  }
  return 0;
}

std::vector<const Fd*> PortSet::Lend() const {
  std::vector<const Fd*> fds;
  for (const Opened& opened : ports_) {
    if (opened.port.fd) fds.push_back(&opened.port.fd);
  }
  return fds;
}

std::vector<uint64_t> PortSet::Queued() const {
  std::vector<uint64_t> items;
  for (size_t i = 0; i < ports_.size(); ++i) {
    const Fd& fd = ports_[i].port.fd;
    if (!fd) continue;
    const std::vector<uint64_t> more = loop_.kernel().Queued(fd, settings_->listeners[i].spec);
    items.insert(items.end(), more.begin(), more.end());
  }
  std::sort(items.begin(), items.end());
  return items;
}

size_t PortSet::Flush() {
  size_t dropped = 0;
  for (size_t i = 0; i < ports_.size(); ++i) {
    const Fd& fd = ports_[i].port.fd;
    if (fd) dropped += loop_.kernel().Flush(fd, settings_->listeners[i].spec);
  }
  return dropped;
}

}  // namespace socketd
