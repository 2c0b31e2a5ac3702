#include "server/unit/condition_values.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

#include "proto/socketd/v1/condition.pb.h"
#include "server/unit/condition_text.h"
#include "server/unit/grammar_comparison.h"
#include "server/unit/grammar_name.h"
#include "server/unit/grammar_number.h"

namespace socketd {
namespace {

absl::Status CheckConditionValue(v1::Grammar grammar, absl::string_view value, Stage stage) {
  if (value.empty()) return Expected("a value after \"|\" and \"!\"");
  if (MayChange(value, stage)) return absl::OkStatus();
  switch (grammar) {
    case v1::GRAMMAR_CONDITION_PATH:
      return CheckPath(value, stage);
    case v1::GRAMMAR_CONDITION_BOOLEAN:
      return ParseBoolean(value).status();
    case v1::GRAMMAR_CONDITION_NUMBER:
      return ParseNumberComparison(value).status();
    case v1::GRAMMAR_CONDITION_SIZE:
      return ParseSizeComparison(value).status();
    case v1::GRAMMAR_CONDITION_VERSION:
      return ParseVersionComparison(value).status();
    case v1::GRAMMAR_CONDITION_FIELDS:
      return ParseFieldComparisons(value).status();
    case v1::GRAMMAR_CONDITION_CAPABILITY:
      return CapabilityNumber(value).has_value() ? absl::OkStatus()
                                                 : Expected("a capability, as CAP_NET_ADMIN");
    default:
      return absl::OkStatus();
  }
}

// Takes the sign off the front, with the blanks after it.
bool TakeSign(absl::string_view sign, absl::string_view& text) {
  if (!absl::ConsumePrefix(&text, sign)) return false;
  text = absl::StripLeadingAsciiWhitespace(text);
  return true;
}

}  // namespace

absl::Status ReadCondition(const Slot& slot, absl::string_view text) {
  v1::Condition condition;
  condition.set_kind(static_cast<v1::Condition::Kind>(slot.directive.option->kind()));
  condition.set_trigger(TakeSign("|", text));
  condition.set_negate(TakeSign("!", text));
  if (absl::Status good = CheckConditionValue(slot.directive.grammar, text, slot.stage); !good.ok())
    return good;
  condition.set_value(std::string(text));
  NewMessage<v1::Condition>(slot) = condition;
  return absl::OkStatus();
}

std::string WriteCondition(const Source& source) {
  return ConditionValue(GetMessage<v1::Condition>(source));
}

}  // namespace socketd
