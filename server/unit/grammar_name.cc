#include "server/unit/grammar_name.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "server/unit/unit_name.h"

namespace socketd {
namespace {

constexpr size_t kLongestPath = 4095;     // PATH_MAX without its NUL, limits.h
constexpr size_t kLongestUser = 31;       // useradd(8)
constexpr size_t kLongestFdName = 255;    // sd_is_socket(3)
constexpr size_t kLongestInterface = 15;  // IFNAMSIZ without its NUL, netdevice(7)
constexpr size_t kLongestXattr = 255;     // XATTR_NAME_MAX, xattr(7)
constexpr absl::string_view kUserXattr = "user.";
constexpr absl::string_view kVarRun = "/var/run";

bool GoesUp(absl::string_view path) {
  for (absl::string_view part : absl::StrSplit(path, '/')) {
    if (part == "..") return true;
  }
  return false;
}

}  // namespace

absl::Status CheckPath(absl::string_view path, Stage stage) {
  if (MayChange(path, stage)) return absl::OkStatus();
  if (path.empty() || path[0] != '/') return Expected("an absolute path");
  if (path.size() > kLongestPath) return Expected("a path of at most 4095 bytes");
  if (GoesUp(path)) return Expected("a path without \"..\"");
  return absl::OkStatus();
}

absl::Status CheckRuntimePath(absl::string_view path, Stage stage) {
  if (absl::StartsWith(path, "/") || MayChange(path, stage)) return CheckPath(path, stage);
  if (CleanPath(path).empty()) return Expected("a path, absolute or below the run-time folder");
  return CheckPath(absl::StrCat("/", path), stage);
}

std::string CleanPath(absl::string_view path) {
  std::vector<absl::string_view> parts;
  for (absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (part != ".") parts.push_back(part);
  }
  return absl::StrCat(absl::StartsWith(path, "/") ? "/" : "", absl::StrJoin(parts, "/"));
}

bool IsVarRun(absl::string_view path) {
  return path == kVarRun ||
         (absl::StartsWith(path, kVarRun) && path.substr(kVarRun.size(), 1) == "/");
}

std::string RewriteVarRun(absl::string_view path) {
  return IsVarRun(path) ? absl::StrCat("/run", path.substr(kVarRun.size())) : std::string(path);
}

absl::Status CheckDirectoryName(absl::string_view path, Stage stage) {
  if (MayChange(path, stage)) return absl::OkStatus();
  if (path.empty() || path[0] == '/') return Expected("a relative path");
  if (path.size() > kLongestPath) return Expected("a path of at most 4095 bytes");
  if (absl::StrContains(path, ":")) return Expected("a path without \":\" (no links here)");
  if (GoesUp(path)) return Expected("a path without \"..\"");
  return CleanPath(path).empty() ? Expected("a folder's name") : absl::OkStatus();
}

absl::Status CheckUser(absl::string_view user, Stage stage) {
  if (MayChange(user, stage)) return absl::OkStatus();
  constexpr absl::string_view kWhat = "a user or group name of at most 31 characters, or a number";
  if (user.empty()) return Expected(kWhat);
  if (user.find_first_not_of("0123456789") == absl::string_view::npos) {
    uint32_t number = 0;
    // 65535 and 4294967295 mean "none" to chown(2) and its like.
    const bool fits = absl::SimpleAtoi(user, &number) && number != 0xFFFF &&
                      number != std::numeric_limits<uint32_t>::max();
    return fits ? absl::OkStatus() : Expected(kWhat);
  }
  if (user.size() > kLongestUser || user[0] == '-' || user == "." || user == "..") {
    return Expected(kWhat);
  }
  for (char c : user) {
    if (absl::ascii_isspace(c) || absl::ascii_iscntrl(c) || c == ':' || c == '/') {
      return Expected(kWhat);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFdName(absl::string_view name, Stage stage) {
  if (MayChange(name, stage)) return absl::OkStatus();
  constexpr absl::string_view kWhat = "1 to 255 printable ASCII characters without \":\"";
  if (name.empty() || name.size() > kLongestFdName) return Expected(kWhat);
  for (char c : name) {
    if (!absl::ascii_isprint(c) || c == ':') return Expected(kWhat);
  }
  return absl::OkStatus();
}

absl::Status CheckInterface(absl::string_view name) {
  constexpr absl::string_view kWhat = "an interface name of at most 15 characters";
  if (name.empty() || name.size() > kLongestInterface || name == "." || name == "..") {
    return Expected(kWhat);
  }
  for (char c : name) {
    if (!absl::ascii_isgraph(c) || c == ':' || c == '/' || c == '%') return Expected(kWhat);
  }
  return absl::OkStatus();
}

bool IsVariableName(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(name[0])) return false;
  for (char c : name) {
    if (!absl::ascii_isalnum(c) && c != '_') return false;
  }
  return true;
}

absl::Status CheckEnvironmentEntry(absl::string_view entry, Stage stage) {
  const absl::string_view name = entry.substr(0, entry.find('='));
  if (MayChange(name, stage)) return absl::OkStatus();
  if (name.size() == entry.size() || !IsVariableName(name)) {
    return Expected("NAME=value, the name of letters, digits and \"_\"");
  }
  return absl::OkStatus();
}

absl::Status CheckXattr(absl::string_view entry, Stage stage) {
  const size_t equals = entry.find('=');
  const absl::string_view name = entry.substr(0, equals);
  if (MayChange(name, stage)) return absl::OkStatus();
  const bool named = absl::StartsWith(name, kUserXattr) && name.size() > kUserXattr.size() &&
                     name.size() <= kLongestXattr;
  if (equals != absl::string_view::npos && named) return absl::OkStatus();
  return Expected("user.NAME=VALUE");
}

absl::Status CheckUnitName(absl::string_view name, Stage stage) {
  if (MayChange(name, stage)) return absl::OkStatus();
  const auto parsed = UnitName::Parse(name);
  if (parsed.ok()) return absl::OkStatus();
  return Expected(absl::StrCat("unit names with a suffix, as web.socket; ",
                               std::string(parsed.status().message())));
}

}  // namespace socketd
