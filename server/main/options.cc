#include "server/main/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/main/listen_option.h"
#include "server/main/version.h"

namespace socketd {
namespace {

constexpr int kMisuse = 2;

const std::map<std::string, Level>& Levels() {
  static const auto* const kLevels = new std::map<std::string, Level>{{"debug", Level::kDebug},
                                                                      {"info", Level::kInfo},
                                                                      {"warning", Level::kWarning},
                                                                      {"error", Level::kError}};
  return *kLevels;
}

// As the words come, before defaults and checks.
struct Words {
  std::string unit_path;
  std::string state_dir;
  std::string runtime_dir;
  std::vector<std::string> listen;
  std::string log_level = "info";
  std::vector<std::string> start;
  bool no_keeper = false;
  bool check_take_over = false;
};

void Describe(CLI::App& app, Words& words) {
  app.description(
      "socketd waits at sockets and starts the services behind them when somebody comes.\n"
      "It is driven over gRPC, with socketctl for instance.");
  app.add_option("--unit-path", words.unit_path,
                 "Folders to look for unit files in, instead of the usual ones; earlier ones win")
      ->type_name("DIR[:DIR]");
  app.add_option("--state-dir", words.state_dir, "Where units made by RPC are kept")
      ->type_name("DIR");
  app.add_option("--runtime-dir", words.runtime_dir, "Where the daemon's own sockets and lock are")
      ->type_name("DIR");
  app.add_option("--listen", words.listen,
                 "Where the API listens; may be repeated. TCP on loopback only\n"
                 "(default: unix:RUNTIME_DIR/api.sock)")
      ->type_name("unix:PATH|tcp:HOST:PORT");
  app.add_option("--log-level", words.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember(Levels()))
      ->capture_default_str();
  app.add_option("--start", words.start,
                 "A unit to start first; may be repeated. Without it: what the folders\n"
                 "sockets.target.wants and default.target.wants in the unit path hold")
      ->type_name("UNIT");
  app.add_flag("--no-keeper", words.no_keeper,
               "For debugging: no keeper that holds what is open and starts the next daemon when\n"
               "this one is killed or crashes");
  app.add_flag("--check-take-over", words.check_take_over,
               "Internal: say whether this program could go on where the one that runs it stands,\n"
               "and end; socketctl daemon-upgrade asks so");
  app.set_version_flag("--version", std::string("socketd ") + kVersion);
  app.footer(
      "Signals: SIGTERM and SIGINT stop all units in order, SIGHUP loads unit files anew.\n"
      "Exit status: 0 stopped as asked, 1 failed, 2 misused.");
}

int Complain(absl::string_view what) {
  std::fprintf(stderr, "socketd: %s\n", std::string(what).c_str());
  return kMisuse;
}

// "" where none can be found out.
std::string DefaultRuntimeDir(const Invocation& invocation) {
  if (invocation.is_root) return "/run/socketd";
  const std::string base = invocation.variable("XDG_RUNTIME_DIR");
  return base.empty() ? "" : base + "/socketd";
}

std::string DefaultStateDir(const Invocation& invocation) {
  if (invocation.is_root) return "/var/lib/socketd";
  const std::string base = invocation.variable("XDG_STATE_HOME");
  if (!base.empty()) return base + "/socketd";
  const std::string home = invocation.variable("HOME");
  return home.empty() ? "" : home + "/.local/state/socketd";
}

std::vector<std::string> DefaultUnitPaths(const DaemonOptions& options,
                                          const Invocation& invocation) {
  if (invocation.is_root) {
    return {"/etc/socketd/units", absl::StrCat(options.runtime_dir, "/units"), options.create_path,
            "/usr/lib/socketd/units"};
  }
  std::vector<std::string> paths;
  const std::string config = invocation.variable("XDG_CONFIG_HOME");
  const std::string home = invocation.variable("HOME");
  if (!config.empty())
    paths.push_back(config + "/socketd/units");
  else if (!home.empty())
    paths.push_back(home + "/.config/socketd/units");
  paths.push_back(absl::StrCat(options.runtime_dir, "/units"));
  paths.push_back(options.create_path);
  return paths;
}

bool IsAbsolute(absl::string_view path) {
  return !path.empty() && path.front() == '/';
}

// Complaints; empty: all is well.
std::string FillFolders(const Words& words, const Invocation& invocation, DaemonOptions& options) {
  options.runtime_dir =
      words.runtime_dir.empty() ? DefaultRuntimeDir(invocation) : words.runtime_dir;
  options.state_dir = words.state_dir.empty() ? DefaultStateDir(invocation) : words.state_dir;
  if (options.runtime_dir.empty()) return "--runtime-dir is needed: XDG_RUNTIME_DIR is not set";
  if (options.state_dir.empty()) return "--state-dir is needed: HOME is not set";
  if (!IsAbsolute(options.runtime_dir)) return "--runtime-dir: an absolute path is expected";
  if (!IsAbsolute(options.state_dir)) return "--state-dir: an absolute path is expected";
  options.create_path = options.state_dir + "/units";
  if (words.unit_path.empty()) {
    options.unit_paths = DefaultUnitPaths(options, invocation);
    return "";
  }
  options.unit_paths = absl::StrSplit(words.unit_path, ':', absl::SkipEmpty());
  for (const std::string& path : options.unit_paths)
    if (!IsAbsolute(path)) return absl::StrCat("--unit-path ", path, ": not an absolute path");
  // What is made by RPC has to be found again.
  options.unit_paths.push_back(options.create_path);
  return "";
}

std::string FillListeners(const Words& words, DaemonOptions& options) {
  std::vector<std::string> listen = words.listen;
  if (listen.empty()) listen.push_back(absl::StrCat("unix:", options.runtime_dir, "/api.sock"));
  for (const std::string& text : listen) {
    absl::StatusOr<ListenSpec> spec = ParseListenOption(text);
    if (!spec.ok()) return std::string(spec.status().message());
    options.listen.push_back(*std::move(spec));
  }
  return "";
}

}  // namespace

OptionsOrExit ReadOptions(int argc, const char* const* argv, const Invocation& invocation) {
  OptionsOrExit result;
  CLI::App app;
  Words words;
  Describe(app, words);
  // The library speaks in exceptions; they end here.
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    result.exit_code = app.exit(done);
    return result;
  } catch (const CLI::ParseError& error) {
    result.exit_code = Complain(absl::StrCat(error.what(), " (see socketd --help)"));
    return result;
  }
  result.options.log_level = Levels().at(words.log_level);
  result.options.keep = !words.no_keeper;
  result.options.check_take_over = words.check_take_over;
  result.options.start = std::move(words.start);
  std::string complaint = FillFolders(words, invocation, result.options);
  if (complaint.empty()) complaint = FillListeners(words, result.options);
  if (!complaint.empty()) result.exit_code = Complain(complaint);
  return result;
}

}  // namespace socketd
