#include "tests/cli/console.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "cli/run.h"
#include "tests/cli/fake_units.h"

namespace socketd::cli {
namespace {

// Words of a line; single quotes keep spaces together.
std::vector<std::string> Words(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  bool open = false;
  for (const char c : line + " ") {
    if (c == '\'') {
      quoted = !quoted;
      open = true;
    } else if (c == ' ' && !quoted) {
      if (open) words.push_back(word);
      word.clear();
      open = false;
    } else {
      word += c;
      open = true;
    }
  }
  return words;
}

std::string TextOf(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

Console::Console() {
  std::string folder = "/tmp/sdXXXXXX";
  folder_ = mkdtemp(folder.data());
  environment = {{"SOCKETD_ADDRESS", "unix:" + socket()}, {"TMPDIR", folder_}};
  StartDaemon();
}

Console::~Console() {
  StopDaemon();
  std::filesystem::remove_all(folder_);
}

void Console::StopDaemon() {
  daemon_.reset();
}

void Console::StartDaemon() {
  daemon_ = std::make_unique<FakeDaemon>(socket());
}

Said Console::Run(const std::vector<std::string>& arguments) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  if (broken_output) out.setstate(std::ios::badbit);
  Surroundings around{.in = in,
                      .out = out,
                      .err = err,
                      .colour = colour,
                      .zone = absl::UTCTimeZone(),
                      .now = [] { return kNow; },
                      .pause =
                          [this](absl::Duration) {
                            ++pauses;
                            if (on_pause) on_pause();
                          },
                      .variable = [this](const char* name) { return environment[name]; }};
  Said said;
  said.code = RunSocketctl(arguments, around);
  said.out = out.str();
  said.err = err.str();
  return said;
}

std::string Console::Settled(std::string text) const {
  text = absl::StrReplaceAll(text, {{"unix:" + socket(), "ADDRESS"}});
  static const std::regex kFile("/tmp/sd[A-Za-z0-9]{6}/socketctl-[A-Za-z0-9]{6}-[^ \n]*");
  return std::regex_replace(text, kFile, "FILE");
}

Said Console::Type(const std::string& line) {
  std::vector<std::string> words = Words(line);
  const auto before = environment;
  while (!words.empty() && words.front().find('=') != std::string::npos) {
    const std::pair<std::string, std::string> set =
        absl::StrSplit(words.front(), absl::MaxSplits('=', 1));
    environment[set.first] = set.second;
    words.erase(words.begin());
  }
  words.erase(words.begin());  // the program's name
  if (words.size() > 2 && words[words.size() - 2] == "<") {
    input = TextOf(words.back());
    words.resize(words.size() - 2);
  }
  Said said = Run(words);
  environment = before;
  input.clear();
  said.out = Settled(said.out);
  said.err = Settled(said.err);
  return said;
}

}  // namespace socketd::cli
