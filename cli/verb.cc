#include "cli/verb.h"

#include <array>

#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

using Row = OptionRow;

constexpr std::array<Row, 10> kCommon = {{
    {"-o,--output", "table|wide|json|yaml|name",
     "how to print; json is one object a line, yaml one document each", &Options::output},
    {"--address", "ADDRESS",
     "the daemon: unix:PATH or HOST:PORT; else $SOCKETD_ADDRESS, else unix:/run/socketd/api.sock",
     &Options::address},
    {"--timeout", "SPAN",
     "give up after this time, as 5s or 1m30s; a bare number is seconds, 0 is never",
     &Options::timeout},
    {"--no-wait,--no-block", "", "start, stop, restart, reload: return when the job is queued",
     &Options::no_wait},
    {"--no-legend", "", "tables without titles and totals", &Options::no_legend},
    {"--no-pager", "", "accepted; nothing is ever paged", &Options::no_pager},
    {"-q,--quiet", "", "print errors only; the exit status tells the rest", &Options::quiet},
    {"-a,--all", "", "accepted; units at rest are always listed", &Options::all},
    {"-h,--help", "", "help for socketctl or for one verb", &Options::help},
    {"--version", "", "the same as the verb version", &Options::version},
}};

constexpr std::array<Row, 2> kListOptions = {{
    {"--state", "STATE", "only these: coarse, sub- or load states, as failed", &Options::states},
    {"-t,--type", "TYPE", "only these: socket, service, target", &Options::types},
}};

constexpr std::array<Row, 1> kSocketOptions = {{
    {"--state", "STATE", "only these: coarse, sub- or load states, as failed", &Options::states},
}};

constexpr std::array<Row, 2> kShowOptions = {{
    {"-p,--property", "NAME", "only these properties", &Options::properties},
    {"--value", "", "only the values", &Options::value},
}};

constexpr std::array<Row, 1> kJobOptions = {{
    {"--job-mode", "replace|fail|ignore-dependencies", "what happens to jobs in the way",
     &Options::mode},
}};

constexpr std::array<Row, 3> kStopOptions = {{
    {"--with-service", "", "of sockets: what they have started too, instances included",
     &Options::with_service},
    {"--with-sockets", "", "of services: the sockets that start them too", &Options::with_sockets},
    kJobOptions[0],
}};

constexpr std::array<Row, 1> kCleanOptions = {{
    {"--what", "KIND", "what is to go: fdstore, which is all that there is; may be repeated",
     &Options::what},
}};

constexpr std::array<Row, 4> kWatchOptions = {{
    {"--since", "REVISION", "start with this change instead of the present state", &Options::since},
    {"--snapshot", "yes|no", "whether to print the present state first", &Options::snapshot},
    {"--count", "N", "end after N changes", &Options::count},
    {"--no-reconnect", "", "end when the connection is lost", &Options::no_reconnect},
}};

constexpr std::array<Row, 3> kCreateOptions = {{
    {"--name", "UNIT", "the unit's name, if it is not that of the file", &Options::name},
    {"--json", "", "the text is JSON, as 'show -o json' prints it", &Options::json},
    {"--dry-run", "", "check everything, change nothing", &Options::dry_run},
}};

constexpr std::array<Row, 2> kPlanOptions = {{
    {"--name", "UNIT", "the name of the unit that standard input defines", &Options::name},
    {"--remove", "UNIT", "a unit that is to be gone; may be repeated", &Options::remove},
}};

constexpr std::array<Row, 5> kApplyOptions = {{
    {"--name", "UNIT", "the name of the unit that standard input defines", &Options::name},
    {"--remove", "UNIT", "a unit that is to be gone; may be repeated", &Options::remove},
    {"--restart", "", "restart the services that would go on as they were", &Options::restart},
    {"--expected-revision", "REVISION", "that of a plan; if a unit has changed since, do nothing",
     &Options::expected_revision},
    {"--dry-run", "", "the same as plan", &Options::dry_run},
}};

constexpr std::array<Row, 2> kUpgradeOptions = {{
    {"--program", "PATH",
     "this one, instead of what is installed where the daemon was started from", &Options::program},
    {"--limit", "SPAN", "how long its check may take, and then its start; 10s if not given",
     &Options::limit},
}};

constexpr absl::Span<const Row> kNoOptions;

// The table. One verb a block, in the order in which help lists them.
constexpr std::array<Verb, 30> kVerbs = {{
    {"list", "list-units", VerbGroup::kLook, "[PATTERN...]", Operands::kUnits, 0, kMany,
     "list units and their states",
     "-o wide adds the description, the cause of the last move and the unit file.",
     "socketctl list 'web*' --state failed\nsocketctl list -t socket -o json", kListOptions,
     RunList},
    {"list-sockets", "", VerbGroup::kLook, "[PATTERN...]", Operands::kUnits, 0, kMany,
     "list addresses that are listened on, and what they start",
     "Port 0 and specifiers are resolved. -o wide adds the counters.",
     "socketctl list-sockets -o wide", kSocketOptions, RunListSockets},
    {"status", "", VerbGroup::kLook, "[UNIT...]", Operands::kUnits, 0, kMany,
     "tell how units are, since when and why; without a unit: how the daemon is",
     "Ends with 3 if a unit is not active, with 4 if there is no such unit.",
     "socketctl status web.socket", kNoOptions, RunStatus},
    {"show", "", VerbGroup::kLook, "UNIT...", Operands::kUnits, 1, kMany,
     "print properties and directives as KEY=VALUE", "",
     "socketctl show web.socket -p ActiveState --value", kShowOptions, RunShow},
    {"cat", "", VerbGroup::kLook, "UNIT...", Operands::kUnits, 1, kMany,
     "print definitions as unit files, drop-ins merged", "", "socketctl cat web.socket", kNoOptions,
     RunCat},
    {"dump", "", VerbGroup::kLook, "UNIT...", Operands::kUnits, 1, kMany,
     "print all of a unit's insides", "", "socketctl dump web.socket", kNoOptions, RunDump},
    {"is-active", "", VerbGroup::kLook, "UNIT...", Operands::kUnits, 1, kMany,
     "end with 0 if the units are active, else with 3", "",
     "socketctl is-active -q web.socket && echo up", kNoOptions, RunIsActive},
    {"is-failed", "", VerbGroup::kLook, "UNIT...", Operands::kUnits, 1, kMany,
     "end with 0 if the units have failed, else with 3", "",
     "socketctl is-failed -q web.service && socketctl status web.service", kNoOptions, RunIsFailed},
    {"watch", "", VerbGroup::kLook, "[PATTERN...]", Operands::kUnits, 0, kMany,
     "print the present state, then every change once and in order",
     "A lost connection is resumed where it broke, and said so on standard error. If the daemon "
     "no\n"
     "longer holds the changes in between, that is said with the oldest revision held, and the\n"
     "watch starts anew with the present state.",
     "socketctl watch web.socket\nsocketctl watch --since 4711 -o json\n"
     "socketctl watch --snapshot no --count 1",
     kWatchOptions, RunWatch},
    {"start", "", VerbGroup::kAct, "UNIT...", Operands::kUnits, 1, kMany,
     "start units and what they need; return when they are up", "",
     "socketctl start web.socket --timeout 10s", kJobOptions, RunStart},
    {"stop", "", VerbGroup::kAct, "UNIT...", Operands::kUnits, 1, kMany,
     "stop units; return when they are at rest",
     "Warns if a socket goes on listening and will start the unit again.",
     "socketctl stop web.service --with-sockets\nsocketctl stop 'web*'", kStopOptions, RunStop},
    {"restart", "", VerbGroup::kAct, "UNIT...", Operands::kUnits, 1, kMany, "stop and start units",
     "", "socketctl restart 'web*'", kJobOptions, RunRestart},
    {"try-restart", "", VerbGroup::kAct, "UNIT...", Operands::kUnits, 1, kMany,
     "stop and start units that are active; leave the others alone", "",
     "socketctl try-restart web.service", kJobOptions, RunTryRestart},
    {"reload", "", VerbGroup::kAct, "UNIT...", Operands::kUnits, 1, kMany,
     "ask services to read their configuration anew (ExecReload=)",
     "The units' own definitions are read anew by daemon-reload.", "socketctl reload web.service",
     kJobOptions, RunReload},
    {"pause", "", VerbGroup::kAct, "UNIT...", Operands::kUnits, 1, kMany,
     "let sockets start nothing for now; who comes is queued in the kernel",
     "A service that runs already goes on. A restart of the socket ends the pause.",
     "socketctl pause web.socket", kNoOptions, RunPause},
    {"resume", "", VerbGroup::kAct, "UNIT...", Operands::kUnits, 1, kMany,
     "end a pause; what has come meanwhile is served at once", "", "socketctl resume web.socket",
     kNoOptions, RunResume},
    {"reset-failed", "", VerbGroup::kAct, "[UNIT...]", Operands::kUnits, 0, kMany,
     "forget failures and start limits; without a unit: of all", "",
     "socketctl reset-failed web.socket", kNoOptions, RunResetFailed},
    {"clean", "", VerbGroup::kAct, "UNIT...", Operands::kUnits, 1, kMany,
     "close the descriptors that services at rest have left with the daemon",
     "They are what a service gets back when it is started again: FileDescriptorStoreMax=.",
     "socketctl clean --what=fdstore web.service", kCleanOptions, RunClean},
    {"create", "", VerbGroup::kDefine, "[FILE...]", Operands::kFiles, 0, kMany,
     "make units from unit files or JSON; - or nothing reads standard input",
     "The unit is named as its file, or by --name. It is kept over a restart of the daemon.",
     "socketctl create ./web.socket ./web.service\n"
     "socketctl create --name web.socket < web.txt\n"
     "socketctl show a.socket -o json | socketctl create --json --name b.socket",
     kCreateOptions, RunCreate},
    {"plan", "", VerbGroup::kDefine, "[FILE...]", Operands::kFiles, 0, kMany,
     "tell what unit files would change, and what becomes of open sockets; nothing is changed",
     "FILE may be a folder of unit files; - or nothing reads standard input. A diff of "
     "directives,\n"
     "ports that are kept, opened and closed, and services that go on as they were until they are\n"
     "restarted.",
     "socketctl plan ./web.socket ./web.service\n"
     "socketctl plan ./units --remove old.socket -o json",
     kPlanOptions, RunPlan},
    {"apply", "", VerbGroup::kDefine, "[FILE...]", Operands::kFiles, 0, kMany,
     "make and change units in one step, open sockets included; see plan",
     "All of it or nothing. Ports that stay are never closed, new ones are open before old ones "
     "go.\n"
     "Running services go on as they were, unless --restart.",
     "socketctl apply ./web.socket ./web.service --restart\n"
     "socketctl apply ./units --expected-revision 4711",
     kApplyOptions, RunApply},
    {"edit", "", VerbGroup::kDefine, "UNIT...", Operands::kUnits, 1, kMany,
     "change definitions in $VISUAL or $EDITOR",
     "Only units made by create can be changed so. If somebody else changed the unit meanwhile,\n"
     "nothing is written and your text is kept.",
     "EDITOR=nano socketctl edit web.socket", kNoOptions, RunEdit},
    {"delete", "", VerbGroup::kDefine, "UNIT...", Operands::kUnits, 1, kMany,
     "remove units that were made by create; they have to be at rest", "",
     "socketctl stop web.socket && socketctl delete web.socket", kNoOptions, RunDelete},
    {"verify", "", VerbGroup::kDefine, "FILE...", Operands::kFiles, 1, kMany,
     "let the daemon check unit files; nothing is changed",
     "Ends with 1 if a file could not be loaded; warnings alone are no failure.",
     "socketctl verify ./web.socket", kNoOptions, RunVerify},
    {"directives", "", VerbGroup::kDefine, "[KEY...]", Operands::kNone, 0, kMany,
     "list what unit files can say: key, default, type, and whether it has an effect",
     "KEY may be a pattern. 'differs': not quite as with systemd. 'needs': not on every machine;\n"
     "if the daemon answers, its own is asked. -o wide adds the remarks.",
     "socketctl directives 'Listen*' -o wide", kNoOptions, RunDirectives},
    {"daemon-reload", "", VerbGroup::kDaemon, "", Operands::kNone, 0, 0, "read all unit files anew",
     "", "socketctl daemon-reload", kNoOptions, RunDaemonReload},
    {"daemon-upgrade", "", VerbGroup::kDaemon, "", Operands::kNone, 0, 0,
     "hand over to the program that is installed now; nothing is closed or stopped",
     "Who connects meanwhile waits; services and the main process go on. If the program cannot "
     "take\n"
     "over, or its daemon is not ready in time, the old one goes on, and the reason is said.",
     "socketctl daemon-upgrade\nsocketctl daemon-upgrade --program /opt/socketd/bin/socketd",
     kUpgradeOptions, RunDaemonUpgrade},
    {"version", "", VerbGroup::kDaemon, "", Operands::kNone, 0, 0,
     "print the versions of socketctl and of the daemon, and its process id",
     "-o wide adds the last upgrade, and what the daemon found this machine to allow.",
     "socketctl version -o wide", kNoOptions, RunVersion},
    {"completion", "", VerbGroup::kSelf, "bash|zsh", Operands::kShells, 1, 1,
     "print a completion script for a shell", "", "source <(socketctl completion bash)", kNoOptions,
     RunCompletion},
    {"help", "", VerbGroup::kSelf, "[VERB]", Operands::kVerbs, 0, 1,
     "print help for socketctl or for one verb", "", "socketctl help watch", kNoOptions, RunHelp},
}};

}  // namespace

VerbTable AllVerbs() {
  return {kVerbs, kCommon};
}

}  // namespace socketd::cli
