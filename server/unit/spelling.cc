#include "server/unit/spelling.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "proto/socketd/v1/schema.pb.h"

namespace socketd {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;

const EnumValueDescriptor* FindSpelling(const EnumDescriptor& type, absl::string_view text) {
  if (text.empty()) return nullptr;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->options().GetExtension(v1::spelling) == text) return type.value(i);
  }
  return nullptr;
}

std::string SpellingOf(const EnumDescriptor& type, int number) {
  const EnumValueDescriptor* value = type.FindValueByNumber(number);
  return value == nullptr ? "" : value->options().GetExtension(v1::spelling);
}

std::string AllSpellings(const EnumDescriptor& type) {
  std::vector<std::string> words;
  for (int i = 0; i < type.value_count(); ++i) {
    const std::string word = type.value(i)->options().GetExtension(v1::spelling);
    if (!word.empty()) words.push_back(word);
  }
  if (words.size() < 2) return absl::StrJoin(words, "");
  const std::string last = words.back();
  words.pop_back();
  return absl::StrCat(absl::StrJoin(words, ", "), " or ", last);
}

}  // namespace socketd
