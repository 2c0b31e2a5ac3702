#include "server/unit/field_value.h"

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"

#include "proto/socketd/v1/exec.pb.h"
#include "server/base/check.h"
#include "server/unit/condition_values.h"
#include "server/unit/grammar_command.h"
#include "server/unit/grammar_name.h"
#include "server/unit/grammar_number.h"
#include "server/unit/grammar_signal.h"
#include "server/unit/grammar_span.h"
#include "server/unit/grammar_stream.h"
#include "server/unit/grammar_words.h"
#include "server/unit/slot.h"
#include "server/unit/socket_values.h"
#include "server/unit/spelling.h"

namespace socketd {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// One row a grammar.
struct Codec {
  v1::Grammar grammar;
  absl::Status (*read)(const Slot& slot, absl::string_view text);
  std::string (*write)(const Source& source);
  bool shares_line;
};

// ---- by the field's type ----

absl::Status ReadNumber(const Slot& slot, absl::string_view text) {
  const bool is_unsigned = slot.field()->cpp_type() == FieldDescriptor::CPPTYPE_UINT32;
  NumberRange range{slot.directive.option->minimum(), slot.directive.option->maximum()};
  if (range.minimum == 0 && range.maximum == 0) {
    range.minimum = is_unsigned ? 0 : std::numeric_limits<int32_t>::min();
    range.maximum = is_unsigned ? static_cast<int64_t>(std::numeric_limits<uint32_t>::max())
                                : std::numeric_limits<int32_t>::max();
  }
  const auto value = ParseInteger(text, range);
  if (!value.ok()) return value.status();
  if (is_unsigned) {
    PutUnsigned(slot, static_cast<uint32_t>(*value));
  } else {
    slot.message.GetReflection()->SetInt32(&slot.message, slot.field(),
                                           static_cast<int32_t>(*value));
  }
  return absl::OkStatus();
}

// Where one can say yes and no, every spelling of a boolean will do; systemd.exec(5).
const google::protobuf::EnumValueDescriptor* EnumValueOf(
    const google::protobuf::EnumDescriptor& type, absl::string_view text) {
  const auto* value = FindSpelling(type, text);
  const auto* yes = FindSpelling(type, "yes");
  const auto* no = FindSpelling(type, "no");
  if (value != nullptr || yes == nullptr || no == nullptr) return value;
  const auto answer = ParseBoolean(text);
  return !answer.ok() ? nullptr : *answer ? yes : no;
}

absl::Status ReadPlain(const Slot& slot, absl::string_view text) {
  const auto* reflection = slot.message.GetReflection();
  switch (slot.field()->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL: {
      const auto value = ParseBoolean(text);
      if (!value.ok()) return value.status();
      reflection->SetBool(&slot.message, slot.field(), *value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* value = EnumValueOf(*slot.field()->enum_type(), text);
      if (value == nullptr) return Expected(AllSpellings(*slot.field()->enum_type()));
      reflection->SetEnum(&slot.message, slot.field(), value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_INT32:
      return ReadNumber(slot, text);
    default:
      PutString(slot, std::string(text));
      return absl::OkStatus();
  }
}

std::string WritePlain(const Source& source) {
  const auto* reflection = source.message.GetReflection();
  switch (source.field()->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(source.message, source.field()) ? "yes" : "no";
    case FieldDescriptor::CPPTYPE_ENUM:
      return SpellingOf(*source.field()->enum_type(),
                        reflection->GetEnumValue(source.message, source.field()));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(GetUnsigned(source));
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(reflection->GetInt32(source.message, source.field()));
    default:
      return GetString(source);
  }
}

// ---- strings that are checked ----

using Check = absl::Status (*)(absl::string_view text, Stage stage);

absl::Status Anything(absl::string_view /*text*/, Stage /*stage*/) {
  return absl::OkStatus();
}

template <Check check>
absl::Status ReadChecked(const Slot& slot, absl::string_view text) {
  absl::Status status = check(text, slot.stage);
  if (status.ok()) PutString(slot, std::string(text));
  return status;
}

template <Check check>
absl::Status ReadList(const Slot& slot, absl::string_view text) {
  auto words = SplitWords(text);
  if (!words.ok()) return words.status();
  for (const Word& word : *words) {
    absl::Status status = check(word.text, slot.stage);
    if (!status.ok()) return status;
  }
  for (Word& word : *words) {
    slot.notes.odd_escape |= word.odd_escape;
    PutString(slot, std::move(word.text));
  }
  return absl::OkStatus();
}

std::string WriteWord(const Source& source) {
  return QuoteWord(GetString(source));
}

absl::Status CheckExitStatus(absl::string_view text, Stage /*stage*/) {
  return ParseExitStatus(text).status();
}

// ---- numbers of a kind ----

absl::Status ReadMode(const Slot& slot, absl::string_view text) {
  const auto mode = ParseMode(text);
  if (mode.ok()) PutUnsigned(slot, *mode);
  return mode.status();
}

std::string WriteMode(const Source& source) {
  return FormatMode(GetUnsigned(source));
}

absl::Status ReadSignal(const Slot& slot, absl::string_view text) {
  const auto signal = ParseSignal(text);
  if (signal.ok()) PutUnsigned(slot, *signal);
  return signal.status();
}

std::string WriteSignal(const Source& source) {
  return SignalName(GetUnsigned(source));
}

absl::Status PutSpan(const Slot& slot, absl::string_view text, bool infinity_is_zero) {
  const auto span = ParseSpan(text, absl::Seconds(1));
  if (!span.ok()) return span.status();
  const absl::Duration kept =
      infinity_is_zero && IsLongestSpan(*span) ? absl::ZeroDuration() : *span;
  auto& duration = NewMessage<google::protobuf::Duration>(slot);
  duration.set_seconds(absl::ToInt64Seconds(kept));
  const absl::Duration rest = kept - absl::Seconds(duration.seconds());
  duration.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return absl::OkStatus();
}

absl::Status ReadSpan(const Slot& slot, absl::string_view text) {
  return PutSpan(slot, text, false);
}

absl::Status ReadTimeout(const Slot& slot, absl::string_view text) {
  return PutSpan(slot, text, true);
}

std::string WriteSpan(const Source& source) {
  const auto& duration = GetMessage<google::protobuf::Duration>(source);
  return FormatSpan(absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos()));
}

template <LimitUnit unit>
absl::Status ReadLimit(const Slot& slot, absl::string_view text) {
  const auto pair = ParseLimit(text, unit);
  if (!pair.ok()) return pair.status();
  auto& limit = NewMessage<v1::ResourceLimit>(slot);
  limit.set_soft(pair->soft);
  limit.set_hard(pair->hard);
  return absl::OkStatus();
}

template <LimitUnit unit>
std::string WriteLimit(const Source& source) {
  const auto& limit = GetMessage<v1::ResourceLimit>(source);
  return FormatLimit({limit.soft(), limit.hard()}, unit);
}

// ---- messages ----

absl::Status ReadCommands(const Slot& slot, absl::string_view text) {
  auto line = ParseCommands(text, slot.stage);
  if (!line.ok()) return line.status();
  slot.notes.odd_escape |= line->odd_escape;
  for (v1::Command& command : line->commands)
    NewMessage<v1::Command>(slot) = std::move(command);
  return absl::OkStatus();
}

std::string WriteCommand(const Source& source) {
  return FormatCommand(GetMessage<v1::Command>(source));
}

template <typename T>
absl::Status Put(const Slot& slot, absl::StatusOr<T> value) {
  if (!value.ok()) return value.status();
  NewMessage<T>(slot) = *std::move(value);
  return absl::OkStatus();
}

template <Direction direction>
absl::Status ReadStream(const Slot& slot, absl::string_view text) {
  return Put(slot, ParseStream(text, direction, slot.stage));
}

std::string WriteStream(const Source& source) {
  return FormatStream(GetMessage<v1::StandardStream>(source));
}

absl::Status ReadEnvironmentPath(const Slot& slot, absl::string_view text) {
  return Put(slot, ParseEnvironmentFile(text, slot.stage));
}

std::string WriteEnvironmentPath(const Source& source) {
  return FormatEnvironmentFile(GetMessage<v1::EnvironmentFile>(source));
}

absl::Status ReadWorkingDirectory(const Slot& slot, absl::string_view text) {
  return Put(slot, ParseWorkingDirectory(text, slot.stage));
}

std::string WriteWorkingDirectory(const Source& source) {
  return FormatWorkingDirectory(GetMessage<v1::WorkingDirectory>(source));
}

// ---- the rows ----

constexpr Codec kCodecs[] = {
    {v1::GRAMMAR_UNSPECIFIED, ReadPlain, WritePlain, false},
    {v1::GRAMMAR_ADDRESS, ReadAddress, WriteAddress, false},
    {v1::GRAMMAR_NETLINK, ReadAddress, WriteAddress, false},
    {v1::GRAMMAR_QUEUE, ReadAddress, WriteAddress, false},
    {v1::GRAMMAR_COMMAND, ReadCommands, WriteCommand, false},
    {v1::GRAMMAR_SPAN, ReadSpan, WriteSpan, false},
    {v1::GRAMMAR_TIMEOUT, ReadTimeout, WriteSpan, false},
    {v1::GRAMMAR_SIZE, ReadSize, WriteSize, false},
    {v1::GRAMMAR_MODE, ReadMode, WriteMode, false},
    {v1::GRAMMAR_COUNT, ReadCount, WritePlain, false},
    {v1::GRAMMAR_PER_SOURCE, ReadPerSource, WritePerSource, false},
    {v1::GRAMMAR_IP_TOS, ReadIpTos, WritePlain, false},
    {v1::GRAMMAR_TIMESTAMPING, ReadTimestamping, WritePlain, false},
    {v1::GRAMMAR_DEFER, ReadDefer, WritePlain, false},
    {v1::GRAMMAR_PRESERVE, ReadPreserve, WritePlain, false},
    {v1::GRAMMAR_LIMIT, ReadLimit<LimitUnit::kNumber>, WriteLimit<LimitUnit::kNumber>, false},
    {v1::GRAMMAR_LIMIT_BYTES, ReadLimit<LimitUnit::kBytes>, WriteLimit<LimitUnit::kBytes>, false},
    {v1::GRAMMAR_LIMIT_SECONDS, ReadLimit<LimitUnit::kSeconds>, WriteLimit<LimitUnit::kSeconds>,
     false},
    {v1::GRAMMAR_LIMIT_MICROSECONDS, ReadLimit<LimitUnit::kMicroseconds>,
     WriteLimit<LimitUnit::kMicroseconds>, false},
    {v1::GRAMMAR_LIMIT_NICE, ReadLimit<LimitUnit::kNice>, WriteLimit<LimitUnit::kNice>, false},
    {v1::GRAMMAR_ENVIRONMENT, ReadList<CheckEnvironmentEntry>, WriteWord, false},
    {v1::GRAMMAR_WORDS, ReadList<Anything>, WriteWord, true},
    {v1::GRAMMAR_UNIT_NAMES, ReadList<CheckUnitName>, WriteWord, true},
    {v1::GRAMMAR_UNIT_NAME, ReadChecked<CheckUnitName>, GetString, false},
    {v1::GRAMMAR_PATH, ReadChecked<CheckPath>, GetString, false},
    {v1::GRAMMAR_PATHS, ReadList<CheckPath>, WriteWord, true},
    {v1::GRAMMAR_RUNTIME_PATH, ReadChecked<CheckRuntimePath>, GetString, false},
    {v1::GRAMMAR_SIGNAL, ReadSignal, WriteSignal, false},
    {v1::GRAMMAR_ENVIRONMENT_FILE, ReadEnvironmentPath, WriteEnvironmentPath, false},
    {v1::GRAMMAR_STDIO, ReadStream<Direction::kOutput>, WriteStream, false},
    {v1::GRAMMAR_STANDARD_INPUT, ReadStream<Direction::kInput>, WriteStream, false},
    {v1::GRAMMAR_WORKING_DIRECTORY, ReadWorkingDirectory, WriteWorkingDirectory, false},
    {v1::GRAMMAR_DIRECTORY_NAMES, ReadList<CheckDirectoryName>, WriteWord, true},
    {v1::GRAMMAR_USER, ReadChecked<CheckUser>, GetString, false},
    {v1::GRAMMAR_FD_NAME, ReadChecked<CheckFdName>, GetString, false},
    {v1::GRAMMAR_FD_NAMES, ReadList<CheckFdName>, WriteWord, true},
    {v1::GRAMMAR_XATTR, ReadList<CheckXattr>, WriteWord, false},
    {v1::GRAMMAR_TEXT, ReadChecked<Anything>, GetString, false},
    {v1::GRAMMAR_IPV6_ONLY, ReadIpv6Only, WritePlain, false},
    {v1::GRAMMAR_INTERFACE, ReadInterface, GetString, false},
    {v1::GRAMMAR_EXIT_STATUSES, ReadList<CheckExitStatus>, WriteWord, true},
    {v1::GRAMMAR_CONDITION_TEXT, ReadCondition, WriteCondition, false},
    {v1::GRAMMAR_CONDITION_PATH, ReadCondition, WriteCondition, false},
    {v1::GRAMMAR_CONDITION_BOOLEAN, ReadCondition, WriteCondition, false},
    {v1::GRAMMAR_CONDITION_NUMBER, ReadCondition, WriteCondition, false},
    {v1::GRAMMAR_CONDITION_SIZE, ReadCondition, WriteCondition, false},
    {v1::GRAMMAR_CONDITION_VERSION, ReadCondition, WriteCondition, false},
    {v1::GRAMMAR_CONDITION_FIELDS, ReadCondition, WriteCondition, false},
    {v1::GRAMMAR_CONDITION_CAPABILITY, ReadCondition, WriteCondition, false},
};

const Codec& CodecOf(const Directive& directive) {
  for (const Codec& codec : kCodecs) {
    if (codec.grammar == directive.grammar) return codec;
  }
  CHECK(false && "every grammar of the schema has a row");
  return kCodecs[0];
}

}  // namespace

absl::Status ReadValue(const Directive& directive,
                       absl::string_view text,
                       Message& message,
                       ValueNotes& notes) {
  return CodecOf(directive).read({directive, message, Stage::kWritten, notes}, text);
}

absl::Status ReadExpandedValue(const Directive& directive,
                               absl::string_view text,
                               Message& message) {
  ValueNotes notes;
  return CodecOf(directive).read({directive, message, Stage::kExpanded, notes}, text);
}

std::string WriteValue(const Directive& directive, const Message& message, int index) {
  return CodecOf(directive).write({directive, message, index});
}

bool SharesLine(const Directive& directive) {
  return CodecOf(directive).shares_line;
}

int CountValues(const Directive& directive, const Message& message) {
  const auto* reflection = message.GetReflection();
  if (directive.field->is_repeated()) return reflection->FieldSize(message, directive.field);
  return reflection->HasField(message, directive.field) ? 1 : 0;
}

}  // namespace socketd
