// Access to the one field that a directive sets, whatever its type: where a value is put and where
// it is taken from. For field_value.cc and what it is made of.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

#include "server/base/check.h"
#include "server/unit/directive_table.h"
#include "server/unit/field_value.h"
#include "server/unit/grammar.h"

namespace socketd {

// Where a value goes, and what is known while it is read.
struct Slot {
  const Directive& directive;
  google::protobuf::Message& message;
  Stage stage;
  ValueNotes& notes;

  const google::protobuf::FieldDescriptor* field() const { return directive.field; }
};

struct Source {
  const Directive& directive;
  const google::protobuf::Message& message;
  int index;

  const google::protobuf::FieldDescriptor* field() const { return directive.field; }
};

inline void PutString(const Slot& slot, std::string text) {
  const auto* reflection = slot.message.GetReflection();
  if (slot.field()->is_repeated()) {
    reflection->AddString(&slot.message, slot.field(), std::move(text));
  } else {
    reflection->SetString(&slot.message, slot.field(), std::move(text));
  }
}

inline std::string GetString(const Source& source) {
  const auto* reflection = source.message.GetReflection();
  return source.field()->is_repeated()
             ? reflection->GetRepeatedString(source.message, source.field(), source.index)
             : reflection->GetString(source.message, source.field());
}

inline void PutUnsigned(const Slot& slot, uint32_t value) {
  slot.message.GetReflection()->SetUInt32(&slot.message, slot.field(), value);
}

inline uint32_t GetUnsigned(const Source& source) {
  return source.message.GetReflection()->GetUInt32(source.message, source.field());
}

// The schema fixes which message a grammar goes with; a test walks all directives.
template <typename T>
T& NewMessage(const Slot& slot) {
  const auto* reflection = slot.message.GetReflection();
  google::protobuf::Message* made = slot.field()->is_repeated()
                                        ? reflection->AddMessage(&slot.message, slot.field())
                                        : reflection->MutableMessage(&slot.message, slot.field());
  CHECK(made->GetDescriptor() == T::descriptor());
  return static_cast<T&>(*made);
}

template <typename T>
const T& GetMessage(const Source& source) {
  const auto* reflection = source.message.GetReflection();
  const google::protobuf::Message& found =
      source.field()->is_repeated()
          ? reflection->GetRepeatedMessage(source.message, source.field(), source.index)
          : reflection->GetMessage(source.message, source.field());
  CHECK(found.GetDescriptor() == T::descriptor());
  return static_cast<const T&>(found);
}

}  // namespace socketd
