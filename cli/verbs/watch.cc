#include <optional>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/unit_text.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

// Heartbeats move the revision on while other units change, so that a watcher of a quiet unit does
// not ask for what is long gone when it resumes.
constexpr int kHeartbeatSeconds = 10;
// Between two attempts that brought nothing.
constexpr absl::Duration kPause = absl::Milliseconds(500);

// One watch over any number of streams.
class Watcher {
 public:
  explicit Watcher(const Session& session)
      : session_(session), options_(session.options), next_(options_.since) {}

  ExitCode Run() {
    // A daemon that was never there is an error; one that went away is waited for.
    const absl::StatusOr<v1::GetServerResponse> server = session_.client.Server();
    if (!server.ok()) return session_.Fail("", server.status());
    started_ = TimeOf(server->started());
    for (;;) {
      heard_ = false;
      const absl::Status status = session_.client.Watch(
          Request(), [this](const v1::WatchUnitsResponse& message) { return Take(message); });
      if (done_) return ExitCode::kSuccess;
      const std::optional<ExitCode> end = Recover(status);
      if (end.has_value()) return *end;
    }
  }

 private:
  v1::WatchUnitsRequest Request() const {
    v1::WatchUnitsRequest request;
    for (const std::string& operand : options_.operands) {
      request.add_names(IsPattern(operand) ? operand : FullUnitName(operand));
    }
    request.set_start_revision(next_);
    request.mutable_heartbeat()->set_seconds(kHeartbeatSeconds);
    return request;
  }

  // False ends the watch.
  bool Take(const v1::WatchUnitsResponse& message) {
    heard_ = true;
    switch (message.event_case()) {
      case v1::WatchUnitsResponse::kUnit:
        // Until the snapshot is whole there is nothing to resume from.
        if (options_.snapshot == "yes") PrintUnit(message);
        return true;
      case v1::WatchUnitsResponse::kSnapshotEnd:
        if (options_.snapshot == "yes") session_.printer.Print({&message, "", {}, ""});
        break;
      case v1::WatchUnitsResponse::kChange:
        if (message.change().revision() < next_) return true;  // seen before the cut
        PrintChange(message);
        ++printed_;
        done_ = options_.count > 0 && printed_ >= options_.count;
        break;
      default:
        if (next_ == 0) return true;
        break;
    }
    next_ = std::max(next_, message.revision() + 1);
    return !done_;
  }

  // Says what happened and prepares the next stream; a code ends the watch.
  std::optional<ExitCode> Recover(const absl::Status& status) {
    if (absl::IsOutOfRange(status)) {
      if (next_ == 0 && !heard_) return session_.Fail("", status);
      SayTrimmed(status);
      next_ = 0;
      return std::nullopt;
    }
    const bool cut = status.ok() || absl::IsUnavailable(status) || absl::IsInternal(status);
    if (!cut || options_.no_reconnect) {
      if (!status.ok()) return session_.Fail("", status);
      return session_.Fail("", absl::UnavailableError("the daemon ended the watch"));
    }
    const std::string how =
        next_ == 0 ? std::string("with the present state") : absl::StrCat("from revision ", next_);
    if (heard_ || !waiting_) {
      session_.Say(absl::StrCat("the connection is lost; will go on ", how));
    }
    waiting_ = true;
    if (!heard_) session_.around.pause(kPause);
    if (AwaitADaemon()) return std::nullopt;
    return session_.Fail("", absl::DeadlineExceededError("the daemon did not come back in time"));
  }

  bool AwaitADaemon() {
    while (session_.client.WaitForConnection()) {
      if (LookForANewDaemon()) return true;
      session_.around.pause(kPause);
    }
    return false;
  }

  // A daemon that was restarted may count from 1 again: then our revision means nothing to it, and
  // waiting for it would miss what happens until then. Only one that holds nothing older than what
  // we want can be trusted to have gone on counting. False: the connection was still that to the
  // daemon that is gone, and who is there now is not known.
  bool LookForANewDaemon() {
    const absl::StatusOr<v1::GetServerResponse> server = session_.client.Server();
    if (absl::IsUnavailable(server.status())) return false;
    if (!server.ok() || TimeOf(server->started()) == started_) return true;
    started_ = TimeOf(server->started());
    if (next_ == 0 || server->first_revision() >= next_) return true;
    session_.Say("the daemon was restarted; starting anew with the present state");
    next_ = 0;
    return true;
  }

  void SayTrimmed(const absl::Status& status) {
    const std::string oldest = FactOf(status, "first_revision");
    session_.Say(absl::StrCat("changes from revision ", next_, " on are no longer held (",
                              ReasonOf(status), oldest.empty() ? "" : ", the oldest is ", oldest,
                              "); starting anew with the present state"));
  }

  std::string Clock(const google::protobuf::Timestamp& stamp) const {
    return absl::FormatTime("%H:%M:%E3S", TimeOf(stamp), session_.around.zone);
  }

  std::string Tint(absl::string_view text, v1::ActiveState state) const {
    return Tinted(Harmless(text), ToneOf(state), session_.around.colour);
  }

  void PrintUnit(const v1::WatchUnitsResponse& message) {
    const v1::Unit& unit = message.unit();
    const v1::UnitStatus& status = unit.status();
    std::string line = status.has_changed() ? Clock(status.changed()) : std::string(12, ' ');
    absl::StrAppend(&line, "  ", Harmless(BareName(unit)), "  is ");
    absl::StrAppend(&line, Tint(status.sub_state(), status.active_state()), "\n");
    session_.printer.Print({&message, BareName(unit), {}, line});
  }

  void PrintChange(const v1::WatchUnitsResponse& message) {
    const v1::Change& change = message.change();
    const std::string from = change.from().empty() ? "(new)" : change.from();
    const std::string to = change.to().empty() ? "(deleted)" : change.to();
    std::string line = absl::StrCat(Clock(change.time()), "  ", Harmless(change.unit()), "  ");
    const bool moved = from != to;
    absl::StrAppend(&line, moved ? absl::StrCat(Harmless(from), " → ") : "");
    absl::StrAppend(&line, Tint(to, change.active_state()), moved ? "" : " (definition changed)");
    const std::string cause = CauseText(change.cause());
    absl::StrAppend(&line, cause.empty() ? "" : "  ", Harmless(cause));
    absl::StrAppend(&line, "  #", change.revision(), "\n");
    session_.printer.Print({&message, change.unit(), {}, line});
  }

  const Session& session_;
  const Options& options_;
  std::int64_t next_;         // the first revision not known yet; 0: nothing is known
  absl::Time started_;        // the daemon that we heard last
  std::int64_t printed_ = 0;  // changes
  bool heard_ = false;        // something came on this stream
  bool waiting_ = false;      // the loss of the connection has been said
  bool done_ = false;
};

}  // namespace

ExitCode RunWatch(const Session& session) {
  return Watcher(session).Run();
}

}  // namespace socketd::cli
