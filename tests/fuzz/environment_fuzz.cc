// The input is an environment file, and then an argument that is expanded with what it holds. Any
// UTF-8 text survives being quoted as a word; nothing else can be one.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

#include "proto/socketd/v1/exec.pb.h"
#include "server/base/check.h"
#include "server/base/text.h"
#include "server/unit/environment.h"
#include "server/unit/grammar_name.h"
#include "server/unit/grammar_words.h"

namespace socketd {
namespace {

void Expand(absl::string_view text, const Environment& environment) {
  v1::Command command;
  command.set_path("/bin/x");
  command.add_arguments(std::string(text));
  for (const std::string& entry : environment.Entries())
    command.add_arguments("$" + entry.substr(0, entry.find('=')));
  CHECK(ExpandArguments(command, environment)[0] == "/bin/x");
  command.set_no_expansion(true);
  CHECK(ExpandArguments(command, environment)[1] == text);
}

void QuoteAndSplit(absl::string_view text) {
  const std::string quoted = QuoteWord(text);
  const auto words = SplitWords(quoted);
  CHECK(words.ok() && words->size() == 1 && (*words)[0].text == text);
}

}  // namespace
}  // namespace socketd

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  socketd::Environment environment;
  const bool ok = socketd::ReadEnvironmentFile("fuzz", text, environment).ok();
  CHECK(ok || environment.Entries().empty());
  for (const std::string& entry : environment.Entries())
    CHECK(socketd::IsVariableName(absl::string_view(entry).substr(0, entry.find('='))));
  socketd::Expand(text, environment);
  if (socketd::IsCleanUtf8(text)) socketd::QuoteAndSplit(text);
  return 0;
}
