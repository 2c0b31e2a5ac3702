// All directives that have a field, found by walking the descriptors of UnitDefinition once: the
// only list of keys there is. Immutable after the first use; any thread.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

#include "proto/socketd/v1/schema.pb.h"

namespace socketd {

// One key in one section, and the field it sets.
struct Directive {
  std::string section;  // "Socket"
  std::string key;      // "ListenStream"
  v1::Grammar grammar = v1::GRAMMAR_UNSPECIFIED;
  const v1::Directive* option = nullptr;
  // From UnitDefinition down to the message that has `field`.
  std::vector<const google::protobuf::FieldDescriptor*> path;
  const google::protobuf::FieldDescriptor* field = nullptr;

  // "definition.socket.exec.user".
  std::string FieldPath() const;
  // The message that has the field; null if one on the way is not set.
  const google::protobuf::Message* Find(const google::protobuf::Message& definition) const;
  // The same, made if need be.
  google::protobuf::Message& Make(google::protobuf::Message& definition) const;
};

// The directive that element `index` of the field is written with: of several keys that share one
// list, the one whose kind the element has; else `first`.
const Directive* KeyFor(const Directive& first,
                        const google::protobuf::Message& message,
                        int index);

class DirectiveTable {
 public:
  static const DirectiveTable& Get();

  // In the order of sections and fields; a key that sets two fields is there twice.
  const std::vector<Directive>& directives() const { return directives_; }

  // What a key in a section sets; empty for keys without a field.
  std::vector<const Directive*> Find(absl::string_view section, absl::string_view key) const;

 private:
  DirectiveTable();

  using Path = std::vector<const google::protobuf::FieldDescriptor*>;
  void Walk(const google::protobuf::Descriptor& type, const std::string& section, Path& path);
  void Add(const google::protobuf::FieldDescriptor& field,
           const std::string& section,
           const Path& path);

  std::vector<Directive> directives_;
  absl::flat_hash_map<std::string, std::vector<size_t>> by_key_;  // "Section.Key"
};

}  // namespace socketd
