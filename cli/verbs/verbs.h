// One function a verb; each lives in a file of its own. They print through the session only and
// return how the program ends. Main thread.
#pragma once

#include "cli/exit_code.h"
#include "cli/session.h"

namespace socketd::cli {

ExitCode RunList(const Session& session);
ExitCode RunListSockets(const Session& session);
ExitCode RunStatus(const Session& session);
ExitCode RunShow(const Session& session);
ExitCode RunCat(const Session& session);
ExitCode RunDump(const Session& session);
ExitCode RunIsActive(const Session& session);
ExitCode RunIsFailed(const Session& session);
ExitCode RunWatch(const Session& session);
ExitCode RunStart(const Session& session);
ExitCode RunStop(const Session& session);
ExitCode RunRestart(const Session& session);
ExitCode RunTryRestart(const Session& session);
ExitCode RunReload(const Session& session);
ExitCode RunPause(const Session& session);
ExitCode RunResume(const Session& session);
ExitCode RunClean(const Session& session);
ExitCode RunResetFailed(const Session& session);
ExitCode RunCreate(const Session& session);
ExitCode RunPlan(const Session& session);
ExitCode RunApply(const Session& session);
ExitCode RunEdit(const Session& session);
ExitCode RunDelete(const Session& session);
ExitCode RunVerify(const Session& session);
ExitCode RunDirectives(const Session& session);
ExitCode RunDaemonReload(const Session& session);
ExitCode RunDaemonUpgrade(const Session& session);
ExitCode RunVersion(const Session& session);
ExitCode RunCompletion(const Session& session);
ExitCode RunHelp(const Session& session);

}  // namespace socketd::cli
