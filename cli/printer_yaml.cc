// YAML is written from the JSON of the message: the names and the spelling of times, spans and
// enums are the same in both, by construction.
#include <algorithm>
#include <ostream>

#include "cli/printer.h"

#include "yaml-cpp/yaml.h"

namespace socketd::cli {
namespace {

// True for text that YAML cannot take for a number, a boolean or null when it stands bare: a
// letter, then letters, digits and marks without a meaning; none of YAML's words.
bool PlainIsSafe(const std::string& text) {
  if (text.empty() || !std::isalpha(static_cast<unsigned char>(text.front()))) return false;
  const bool simple = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string("-_./@").find(c) != std::string::npos;
  });
  std::string lower;
  std::transform(text.begin(), text.end(), std::back_inserter(lower),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  static const auto* const kWords =
      new std::vector<std::string>{"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
  return simple && std::find(kWords->begin(), kWords->end(), lower) == kWords->end();
}

// True for text that a literal block (|) gives back byte by byte: lines of readable characters, the
// last one ended, none empty at the end, the first one not indented.
bool LiteralIsExact(const std::string& text) {
  const size_t size = text.size();
  if (size < 2 || text[size - 1] != '\n' || text[size - 2] == '\n') return false;
  const auto readable = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\n' || c == '\t' || (byte >= ' ' && byte != 0x7f);
  };
  return !std::isspace(static_cast<unsigned char>(text.front())) &&
         std::all_of(text.begin(), text.end(), readable);
}

void EmitScalar(const YAML::Node& node, YAML::Emitter& out) {
  const std::string& text = node.Scalar();
  // yaml-cpp tags what stood in quotes with "!": it is a string and has to stay one.
  if (node.Tag() != "!" || PlainIsSafe(text)) {
    out << text;
  } else if (LiteralIsExact(text)) {
    out << YAML::Literal << text;
  } else {
    out << YAML::DoubleQuoted << text;
  }
}

// The depth is that of our own messages: a handful.
void Emit(const YAML::Node& node, YAML::Emitter& out) {
  if (node.IsMap()) {
    out << YAML::BeginMap;
    for (const auto& entry : node) {
      out << YAML::Key << entry.first.Scalar() << YAML::Value;
      Emit(entry.second, out);
    }
    out << YAML::EndMap;
  } else if (node.IsSequence()) {
    out << YAML::BeginSeq;
    for (const auto& item : node)
      Emit(item, out);
    out << YAML::EndSeq;
  } else {
    EmitScalar(node, out);
  }
}

class YamlPrinter final : public Printer {
 public:
  explicit YamlPrinter(std::ostream& out) : out_(out) {}
  void Columns(std::vector<Column> /*columns*/) override {}
  void Print(const Answer& answer) override {
    const std::string json = JsonOf(answer);
    if (json.empty()) return;
    YAML::Emitter emitter;
    Emit(YAML::Load(json), emitter);
    out_ << "---\n" << emitter.c_str() << "\n" << std::flush;
  }
  void Flush(absl::string_view /*legend*/) override {}

 private:
  std::ostream& out_;
};

}  // namespace

std::unique_ptr<Printer> NewYamlPrinter(std::ostream& out) {
  return std::make_unique<YamlPrinter>(out);
}

}  // namespace socketd::cli
