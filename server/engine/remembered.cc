#include "server/engine/remembered.h"

#include <string>

namespace socketd {
namespace {

template <typename State>
std::optional<State> FindState(absl::string_view name) {
  for (size_t i = 0; i < static_cast<size_t>(State::kNever); ++i) {
    if (NameOf(static_cast<State>(i)) == name) return static_cast<State>(i);
  }
  return std::nullopt;
}

}  // namespace

std::optional<absl::string_view> StateNameOf(absl::string_view name) {
  if (name.empty()) return absl::string_view();
  if (const auto state = FindState<SocketState>(name)) return NameOf(*state);
  if (const auto state = FindState<ServiceState>(name)) return NameOf(*state);
  if (const auto state = FindState<TargetState>(name)) return NameOf(*state);
  constexpr absl::string_view kTemplate = "template";
  if (name == kTemplate) return kTemplate;
  return std::nullopt;
}

std::optional<Result> ResultOf(uint32_t number) {
  const bool known = number >= static_cast<uint32_t>(Result::kSuccess) &&
                     number <= static_cast<uint32_t>(Result::kProtocol);
  if (!known) return std::nullopt;
  return static_cast<Result>(number);
}

void Write(const Cause& cause, remembered::Cause& record) {
  record.set_kind(static_cast<uint32_t>(cause.kind));
  record.set_unit(cause.unit);
  record.set_detail(cause.detail);
}

Cause CauseOf(const remembered::Cause& record) {
  const bool known = record.kind() >= static_cast<uint32_t>(Cause::Kind::kRequest) &&
                     record.kind() <= static_cast<uint32_t>(Cause::Kind::kStep);
  return {known ? static_cast<Cause::Kind>(record.kind()) : Cause::Kind::kStep, record.unit(),
          record.detail()};
}

void Write(const RateWindow& window, remembered::Window& record) {
  record.set_opened(NanosOf(window.opened()));
  record.set_count(window.count());
}

RateWindow WindowOf(const remembered::Window& record) {
  return {InstantOf(record.opened()), record.count()};
}

int64_t NanosOf(absl::Time time) {
  const bool finite = time > absl::InfinitePast() && time < absl::InfiniteFuture();
  return finite ? absl::ToUnixNanos(time) : 0;
}

absl::Time TimeOf(int64_t nanos) {
  return nanos == 0 ? absl::InfinitePast() : absl::FromUnixNanos(nanos);
}

int64_t NanosOf(Instant instant) {
  return instant.never() ? 0 : absl::ToInt64Nanoseconds(instant.since_start());
}

Instant InstantOf(int64_t nanos) {
  return Instant::After(absl::Nanoseconds(nanos));
}

void Write(const Change& change, remembered::Change& record) {
  record.Clear();
  record.set_revision(change.revision);
  record.set_time(NanosOf(change.time));
  record.set_unit(change.unit);
  record.set_from(change.from.data(), change.from.size());
  record.set_to(change.to.data(), change.to.size());
  record.set_active_state(static_cast<uint32_t>(change.active_state));
  record.set_result(static_cast<uint32_t>(change.result));
  Write(change.cause, *record.mutable_cause());
}

std::optional<Change> ChangeOf(absl::string_view bytes) {
  remembered::Change record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  const std::optional<absl::string_view> from = StateNameOf(record.from());
  const std::optional<absl::string_view> to = StateNameOf(record.to());
  const std::optional<Result> result = ResultOf(record.result());
  const bool active_known =
      record.active_state() >= static_cast<uint32_t>(ActiveState::kInactive) &&
      record.active_state() <= static_cast<uint32_t>(ActiveState::kFailed);
  if (!from.has_value() || !to.has_value() || !result.has_value() || !active_known ||
      record.revision() <= 0) {
    return std::nullopt;
  }
  Change change;
  change.revision = record.revision();
  change.time = TimeOf(record.time());
  change.unit = record.unit();
  change.from = *from;
  change.to = *to;
  change.active_state = static_cast<ActiveState>(record.active_state());
  change.result = *result;
  change.cause = CauseOf(record.cause());
  return change;
}

}  // namespace socketd
