#include "server/unit/grammar_stream.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "proto/socketd/v1/exec.pb.h"
#include "server/unit/grammar_name.h"
#include "server/unit/spelling.h"

namespace socketd {
namespace {

using v1::StandardStream;

bool HasPath(StandardStream::Kind kind) {
  return kind == StandardStream::KIND_FILE || kind == StandardStream::KIND_APPEND ||
         kind == StandardStream::KIND_TRUNCATE;
}

bool Fits(StandardStream::Kind kind, Direction direction) {
  switch (kind) {
    case StandardStream::KIND_NULL:
    case StandardStream::KIND_TTY:
    case StandardStream::KIND_SOCKET:
    case StandardStream::KIND_FILE:
      return true;
    case StandardStream::KIND_TTY_FORCE:
    case StandardStream::KIND_TTY_FAIL:
      return direction == Direction::kInput;
    default:
      return direction == Direction::kOutput;
  }
}

absl::Status BadStream(absl::string_view kind, Direction direction) {
  if (kind == "fd") {
    return Expected(
        "no named descriptor: \"socket\" is the one socket of a service, others come "
        "as descriptors 3 and up");
  }
  if (kind == "data") return Expected("no data in the unit: file:PATH reads a file");
  return direction == Direction::kInput
             ? Expected("null, tty, tty-force, tty-fail, socket or file:PATH")
             : Expected(
                   "inherit, null, tty, socket, journal, kmsg, journal+console, kmsg+console, "
                   "file:PATH, append:PATH or truncate:PATH");
}

}  // namespace

absl::StatusOr<StandardStream> ParseStream(absl::string_view text,
                                           Direction direction,
                                           Stage stage) {
  const size_t colon = text.find(':');
  const auto* kinds = StandardStream::Kind_descriptor();
  const auto* kind = FindSpelling(*kinds, text.substr(0, colon));
  StandardStream stream;
  if (kind != nullptr) stream.set_kind(static_cast<StandardStream::Kind>(kind->number()));
  const bool has_path = colon != absl::string_view::npos;
  if (kind == nullptr || !Fits(stream.kind(), direction) || has_path != HasPath(stream.kind())) {
    return BadStream(text.substr(0, colon), direction);
  }
  if (has_path) {
    const absl::string_view path = text.substr(colon + 1);
    absl::Status status = CheckPath(path, stage);
    if (!status.ok()) return status;
    stream.set_path(std::string(path));
  }
  return stream;
}

std::string FormatStream(const StandardStream& stream) {
  const std::string kind = SpellingOf(*StandardStream::Kind_descriptor(), stream.kind());
  return HasPath(stream.kind()) ? absl::StrCat(kind, ":", stream.path()) : kind;
}

absl::StatusOr<v1::EnvironmentFile> ParseEnvironmentFile(absl::string_view text, Stage stage) {
  v1::EnvironmentFile file;
  file.set_optional(absl::ConsumePrefix(&text, "-"));
  absl::Status status = CheckPath(text, stage);
  if (!status.ok()) return status;
  file.set_path(std::string(text));
  return file;
}

std::string FormatEnvironmentFile(const v1::EnvironmentFile& file) {
  return absl::StrCat(file.optional() ? "-" : "", file.path());
}

absl::StatusOr<v1::WorkingDirectory> ParseWorkingDirectory(absl::string_view text, Stage stage) {
  v1::WorkingDirectory directory;
  directory.set_optional(absl::ConsumePrefix(&text, "-"));
  if (text != "~") {
    absl::Status status = CheckPath(text, stage);
    if (!status.ok()) return status;
  }
  directory.set_path(std::string(text));
  return directory;
}

std::string FormatWorkingDirectory(const v1::WorkingDirectory& directory) {
  return absl::StrCat(directory.optional() ? "-" : "", directory.path());
}

}  // namespace socketd
