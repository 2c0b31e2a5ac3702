#include "server/api/convert_plan.h"

#include <string>
#include <vector>

#include "google/protobuf/repeated_field.h"

#include "proto/socketd/v1/plan.pb.h"
#include "server/base/text.h"

namespace socketd {
namespace {

// Values may hold any byte, and a string field must not: hence CleanText.

void Fill(const std::vector<std::string>& texts,
          google::protobuf::RepeatedPtrField<std::string>& field) {
  for (const std::string& text : texts)
    field.Add(CleanText(text));
}

v1::UnitChange::Action ActionOf(UnitChange::Action action) {
  switch (action) {
    case UnitChange::Action::kUnchanged:
      return v1::UnitChange::ACTION_UNCHANGED;
    case UnitChange::Action::kCreate:
      return v1::UnitChange::ACTION_CREATE;
    case UnitChange::Action::kChange:
      return v1::UnitChange::ACTION_CHANGE;
    case UnitChange::Action::kRemove:
      return v1::UnitChange::ACTION_REMOVE;
  }
  return v1::UnitChange::ACTION_UNSPECIFIED;
}

v1::ListenerChange::Action ActionOf(ListenerChange::Action action) {
  switch (action) {
    case ListenerChange::Action::kKeep:
      return v1::ListenerChange::ACTION_KEEP;
    case ListenerChange::Action::kOpen:
      return v1::ListenerChange::ACTION_OPEN;
    case ListenerChange::Action::kClose:
      return v1::ListenerChange::ACTION_CLOSE;
  }
  return v1::ListenerChange::ACTION_UNSPECIFIED;
}

void ConvertUnit(const UnitChange& change, v1::UnitChange& message) {
  message.set_unit(change.unit);
  message.set_action(ActionOf(change.action));
  for (const DirectiveChange& directive : change.directives) {
    v1::DirectiveChange& changed = *message.add_directives();
    changed.set_section(CleanText(directive.section));
    changed.set_key(CleanText(directive.key));
    Fill(directive.from, *changed.mutable_from());
    Fill(directive.to, *changed.mutable_to());
  }
  for (const ListenerChange& listener : change.listeners) {
    v1::ListenerChange& changed = *message.add_listeners();
    changed.set_kind(listener.kind);
    changed.set_address(CleanText(listener.address));
    changed.set_action(ActionOf(listener.action));
    changed.set_index(static_cast<int32_t>(listener.index));
    Fill(listener.set_live, *changed.mutable_set_live());
    Fill(listener.at_next_start, *changed.mutable_at_next_start());
  }
  Fill(change.at_next_start, *message.mutable_at_next_start());
}

}  // namespace

void Convert(const ChangePlan& plan, v1::Plan& message) {
  for (const UnitChange& change : plan.units)
    ConvertUnit(change, *message.add_units());
  Fill(plan.restarts, *message.mutable_restarts());
  message.set_revision(plan.revision);
}

}  // namespace socketd
