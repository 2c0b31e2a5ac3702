#include "server/engine/port_change.h"

#include <algorithm>

#include "absl/strings/string_view.h"

namespace socketd {
namespace {

bool IsInternet(const SocketAddress& address) {
  return std::holds_alternative<Ipv4Address>(address) ||
         std::holds_alternative<Ipv6Address>(address);
}

bool HasNode(const ListenSpec& spec) {
  if (spec.type == ListenType::kMessageQueue) return true;
  return spec.type != ListenType::kSpecial && std::holds_alternative<PathAddress>(spec.address);
}

// Linux looks at them when the port is bound, or there is no way back: attributes and labels stay,
// and what a pipe's size was nobody knows.
bool NeedsNewPort(SocketOption option) {
  return option == SocketOption::kReusePort || option >= SocketOption::kPipeSize;
}

void AddOnce(absl::string_view key, std::vector<std::string>& keys) {
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.emplace_back(key);
}

std::vector<OptionValue> ValuesOf(const SocketOptions& options, SocketOption option) {
  std::vector<OptionValue> values;
  for (const OptionValue& value : options) {
    if (value.option == option) values.push_back(value);
  }
  return values;
}

void CompareOptions(const ListenSpec& from, const ListenSpec& to, PortChange& change) {
  SocketOptions result;
  for (size_t i = 0; i < kSocketOptions; ++i) {
    const auto option = static_cast<SocketOption>(i);
    const std::vector<OptionValue> before = ValuesOf(from.options, option);
    const std::vector<OptionValue> after = ValuesOf(to.options, option);
    const bool stays = before != after && NeedsNewPort(option);
    if (before != after) AddOnce(NameOf(option), stays ? change.at_next_start : change.live);
    const std::vector<OptionValue>& counts = stays ? before : after;
    result.insert(result.end(), counts.begin(), counts.end());
  }
  change.spec.options = std::move(result);
}

bool AtSamePlace(const ListenSpec& from, const ListenSpec& to) {
  // By text: a bare port is the address that it stands for.
  return from.type == to.type && ToText(from.address) == ToText(to.address);
}

}  // namespace

PortChange CompareListeners(const ListenSpec& from, const ListenSpec& to) {
  PortChange change;
  change.spec = to;
  const bool internet = IsInternet(to.address);
  const bool queue = to.type == ListenType::kMessageQueue;
  const bool ipv6 = std::holds_alternative<Ipv6Address>(to.address);
  if (Accepts(to.type) && from.backlog != to.backlog) change.live.emplace_back("Backlog");
  if (HasNode(to) && from.mode != to.mode) change.live.emplace_back("SocketMode");
  // The field of the port to be stays as it is, and the directive is named.
  const auto keep_if = [&](bool matters, auto field, absl::string_view key) {
    if (!matters || from.*field == to.*field) return;
    change.spec.*field = from.*field;
    AddOnce(key, change.at_next_start);
  };
  keep_if(ipv6, &ListenSpec::ipv6_only, "BindIPv6Only");
  keep_if(internet, &ListenSpec::bind_to_device, "BindToDevice");
  keep_if(internet, &ListenSpec::protocol, "SocketProtocol");
  keep_if(to.type == ListenType::kSpecial, &ListenSpec::writable, "Writable");
  keep_if(queue, &ListenSpec::queue_messages, "MessageQueueMaxMessages");
  keep_if(queue, &ListenSpec::queue_message_size, "MessageQueueMessageSize");
  CompareOptions(from, to, change);
  return change;
}

std::vector<std::optional<size_t>> PairPorts(const SocketSettings& from, const SocketSettings& to) {
  std::vector<bool> taken(from.listeners.size());
  std::vector<std::optional<size_t>> pairs;
  for (const SocketSettings::Listener& listener : to.listeners) {
    std::optional<size_t> pair;
    for (size_t i = 0; i < taken.size() && !pair; ++i) {
      if (!taken[i] && AtSamePlace(from.listeners[i].spec, listener.spec)) pair = i;
    }
    if (pair) taken[*pair] = true;
    pairs.push_back(pair);
  }
  return pairs;
}

std::vector<std::string> KeysInWaiting(const SocketSettings& open, const SocketSettings& wanted) {
  std::vector<std::string> keys = RunKeys(open, wanted);
  const std::vector<std::optional<size_t>> pairs = PairPorts(open, wanted);
  std::vector<bool> stays(open.listeners.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    const SocketSettings::Listener& listener = wanted.listeners[i];
    if (!pairs[i]) AddOnce(listener.kind, keys);
    if (!pairs[i]) continue;
    stays[*pairs[i]] = true;
    const PortChange change = CompareListeners(open.listeners[*pairs[i]].spec, listener.spec);
    for (const auto* names : {&change.live, &change.at_next_start}) {
      for (const std::string& name : *names)
        AddOnce(name, keys);
    }
  }
  for (size_t i = 0; i < stays.size(); ++i) {
    if (!stays[i]) AddOnce(open.listeners[i].kind, keys);
  }
  return keys;
}

std::vector<std::string> RunKeys(const SocketSettings& from, const SocketSettings& to) {
  std::vector<std::string> keys;
  if (from.accept != to.accept) keys.emplace_back("Accept");
  // With Accept= the other service is its template.
  if (from.accept == to.accept && from.service != to.service) keys.emplace_back("Service");
  if (from.owner.user != to.owner.user) keys.emplace_back("SocketUser");
  if (from.owner.group != to.owner.group) keys.emplace_back("SocketGroup");
  return keys;
}

}  // namespace socketd
