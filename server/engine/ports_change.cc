// Ports that change while they are open: what is new is open before anything else happens, what
// stays is never closed.
#include <algorithm>
#include <utility>

#include "server/base/errors.h"
#include "server/engine/port_change.h"
#include "server/engine/ports.h"

namespace socketd {

absl::Status PortSet::Prepare(const std::shared_ptr<const SocketSettings>& to) {
  next_.emplace();
  next_->settings = to;
  next_->from = PairPorts(*settings_, *to);
  next_->opened.resize(to->listeners.size());
  for (size_t i = 0; i < to->listeners.size(); ++i) {
    if (next_->from[i]) continue;
    absl::StatusOr<Opened> one = OpenOne(to->listeners[i].spec);
    if (!one.ok() && to->partial_listen) {
      next_->opened[i] = Missing(one.status());
      continue;
    }
    if (!one.ok()) {
      failed_ = i;
      Abandon();
      return WithFacts(one.status(), {{"address", to->listeners[i].address}});
    }
    next_->opened[i] = *std::move(one);
  }
  return absl::OkStatus();
}

void PortSet::Abandon() {
  for (size_t i = 0; next_ && i < next_->opened.size(); ++i) {
    const ListenSpec& spec = next_->settings->listeners[i].spec;
    const uint64_t node = next_->opened[i].port.node;
    // A FIFO or a queue may have been there before.
    const bool made = Accepts(spec.type) || spec.type == ListenType::kDatagram;
    if (node != 0 && made) RemoveNode(spec, node);
  }
  next_.reset();
}

PortSet::Opened PortSet::TakeOver(size_t index, const ListenSpec& wanted, ListenSpec& result) {
  Opened taken = std::move(ports_[index]);
  ports_[index].armed = false;
  PortChange change = CompareListeners(settings_->listeners[index].spec, wanted);
  if (!change.live.empty() && taken.port.fd) {
    ListenSpec from = settings_->listeners[index].spec;
    ListenSpec to = change.spec;
    from.owner = to.owner = owner_;
    taken.port.warnings = loop_.kernel().Reconfigure(taken.port, from, to);
  }
  result = std::move(change.spec);
  return taken;
}

void PortSet::Commit() {
  Next next = *std::exchange(next_, std::nullopt);
  auto settings = std::make_shared<SocketSettings>(*next.settings);
  for (size_t i = 0; i < next.from.size(); ++i) {
    ListenSpec& spec = settings->listeners[i].spec;
    if (next.from[i])
      next.opened[i] = TakeOver(*next.from[i], next.settings->listeners[i].spec, spec);
  }
  for (size_t i = 0; i < ports_.size(); ++i) {
    if (std::find(next.from.begin(), next.from.end(), i) != next.from.end()) continue;
    DisarmOne(ports_[i]);
    const uint64_t node = ports_[i].port.node;
    if (settings->remove_on_stop && node != 0) RemoveNode(settings_->listeners[i].spec, node);
  }
  ports_ = std::move(next.opened);
  const auto before = std::exchange(settings_, std::move(settings));
  const std::string* const was = NodeOf(*before);
  const std::string* const is = NodeOf(*settings_);
  const bool same = was == nullptr || is == nullptr ? was == is : *was == *is;
  if (same && before->symlinks == settings_->symlinks) return;
  RemoveSymlinks();
  MakeSymlinks();
}

}  // namespace socketd
