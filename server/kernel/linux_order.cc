#include "server/kernel/linux_order.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace socketd {
namespace {

// Orders kept at once; beyond it those of contexts that nobody else has are dropped.
constexpr size_t kOrdersMax = 4096;

constexpr char kStreamLetters[] = {'i', 'o', 'e'};
// Room for the digits of a process id and of an inode; the child writes them in place.
constexpr absl::string_view kListenPid = "LISTEN_PID=0000000000";
constexpr absl::string_view kListenPidfdId = "LISTEN_PIDFDID=00000000000000000000";

bool IsTerminal(Stdio::Kind kind) {
  return kind == Stdio::Kind::kTty || kind == Stdio::Kind::kTtyForce ||
         kind == Stdio::Kind::kTtyFail;
}

char TerminalLetter(Stdio::Kind kind) {
  if (kind == Stdio::Kind::kTtyForce) return 'f';
  return kind == Stdio::Kind::kTtyFail ? 'x' : 'w';
}

struct Writing {
  const Identity* identity;
  const Limit& files;
  const Inherited& inherited;
};

class OrderWriter {
 public:
  OrderWriter(const Writing& writing, Order& order)
      : context_(*order.context),
        identity_(writing.identity),
        files_(writing.files),
        inherited_(writing.inherited),
        order_(order) {}

  void Write() {
    order_.needs_session = inherited_.needs_session;
    WriteTerminal();
    WriteStream(0, context_.standard_input);
    WriteStream(1, context_.standard_output);
    WriteStream(2, context_.standard_error);
    WriteResources();
    WriteDirectories();
    if (identity_ != nullptr) WriteIdentity();
    if (context_.umask != inherited_.umask) Add(absl::StrCat("M", context_.umask));
    WriteWorkingDirectory();
  }

 private:
  void Add(std::string word) { order_.words.push_back(std::move(word)); }
  void AddForExecutor(std::string word) {
    Add(std::move(word));
    order_.needs_executor = true;
  }

  void AddLimit(const Limit& limit) {
    Add(absl::StrCat("L", limit.resource, ",", limit.soft, ",", limit.hard));
  }

  void WriteTerminal() {
    if (!IsTerminal(context_.standard_input.kind)) return;
    AddForExecutor(
        absl::StrFormat("T%c%s", TerminalLetter(context_.standard_input.kind), context_.tty_path));
  }

  void WriteStream(int target, const Stdio& stdio) {
    StreamSource& source = order_.streams[target];
    switch (stdio.kind) {
      case Stdio::Kind::kNull:
        source = StreamSource::kNull;
        return;
      case Stdio::Kind::kSocket:
        source = StreamSource::kStdio;
        return;
      case Stdio::Kind::kLog:
        source = StreamSource::kLog;
        return;
      case Stdio::Kind::kInherit:
        InheritStream(target);
        return;
      default:
        source = StreamSource::kWord;
        AddForExecutor(OpeningWord(target, stdio));
    }
  }

  std::string OpeningWord(int target, const Stdio& stdio) {
    const char letter = kStreamLetters[target];
    order_.needs_session = order_.needs_session || IsTerminal(stdio.kind);
    if (IsTerminal(stdio.kind)) return absl::StrFormat("%cT%s", letter, context_.tty_path);
    const bool reads = target == 0;
    char how = reads ? 'r' : 'f';
    if (reads && context_.standard_output.kind == Stdio::Kind::kInherit) how = 'b';
    if (stdio.kind == Stdio::Kind::kAppend) how = 'a';
    if (stdio.kind == Stdio::Kind::kTruncate) how = 't';
    return absl::StrFormat("%c%c%s", letter, how, stdio.path);
  }

  // Standard output is a copy of standard input only where one can write to it.
  void InheritStream(int target) {
    StreamSource& source = order_.streams[target];
    source = StreamSource::kDaemon;
    if (target == 0) return;
    const StreamSource above = order_.streams[target - 1];
    if (target == 1 && above != StreamSource::kStdio && above != StreamSource::kWord) return;
    source = above;
    if (above == StreamSource::kWord)
      AddForExecutor(absl::StrFormat("%c%d", kStreamLetters[target], target - 1));
  }

  void WriteResources() {
    const auto& limits = context_.limits;
    const bool own = std::any_of(limits.begin(), limits.end(), [this](const Limit& limit) {
      return limit.resource == files_.resource;
    });
    if (!own) AddLimit(files_);
    for (const Limit& limit : limits)
      AddLimit(limit);
    if (context_.nice) Add(absl::StrCat("N", *context_.nice));
    // In shared memory it would be the daemon's score that changes.
    if (context_.oom_score_adjust) AddForExecutor(absl::StrCat("O", *context_.oom_score_adjust));
  }

  static std::string OwnerText(const std::optional<uint32_t>& owner) {
    return owner ? absl::StrCat(*owner) : "-";
  }

  void WriteDirectories() {
    const Identity nobody;
    const Identity& owner = identity_ != nullptr ? *identity_ : nobody;
    for (const ManagedDirectory& directory : context_.directories) {
      AddForExecutor(absl::StrFormat("D%o,%s,%s,%s", directory.mode, OwnerText(owner.uid),
                                     OwnerText(owner.gid), directory.path));
    }
  }

  void WriteIdentity() {
    // A daemon without root can only be who it is already.
    const bool same = geteuid() != 0 && identity_->uid.value_or(geteuid()) == geteuid() &&
                      identity_->gid.value_or(getegid()) == getegid() &&
                      context_.supplementary_groups.empty();
    if (!same) {
      if (identity_->set_groups)
        AddForExecutor(absl::StrCat("G", absl::StrJoin(identity_->groups, ",")));
      if (identity_->gid) AddForExecutor(absl::StrCat("g", *identity_->gid));
      if (identity_->uid) AddForExecutor(absl::StrCat("u", *identity_->uid));
    }
    if (identity_->name.empty()) return;
    order_.environment = {
        absl::StrCat("HOME=", identity_->home), absl::StrCat("LOGNAME=", identity_->name),
        absl::StrCat("USER=", identity_->name), absl::StrCat("SHELL=", identity_->shell)};
  }

  void WriteWorkingDirectory() {
    absl::string_view path = context_.working_directory;
    if (path == "~") path = identity_ != nullptr ? absl::string_view(identity_->home) : "";
    if (path.empty()) path = "/";
    if (path == "/" && inherited_.in_root) return;
    Add(absl::StrCat(context_.working_directory_optional ? "c" : "C", path));
  }

  const ExecContext& context_;
  const Identity* identity_;
  const Limit& files_;
  const Inherited& inherited_;
  Order& order_;
};

// Lays texts one after the other. The room is reserved first, so that pointers stay good.
class TextWriter {
 public:
  TextWriter(std::vector<char>& text, size_t room) : text_(text) { text_.reserve(room); }
  char* Put(absl::string_view value) {
    char* at = text_.data() + text_.size();
    text_.insert(text_.end(), value.begin(), value.end());
    text_.push_back(0);
    return at;
  }

 private:
  std::vector<char>& text_;
};

size_t RoomFor(const SpawnSpec& spec, const Order& order) {
  size_t room = spec.program.size() + 1 + kListenPid.size() + kListenPidfdId.size() + 64;
  for (const std::string& word : spec.argv)
    room += word.size() + 1;
  for (const std::string& word : spec.environment)
    room += word.size() + 1;
  for (const std::string& word : order.environment)
    room += word.size() + 1;
  return room;
}

bool Sets(const std::vector<std::string>& environment, absl::string_view assignment) {
  const absl::string_view name = assignment.substr(0, assignment.find('=') + 1);
  return std::any_of(environment.begin(), environment.end(),
                     [&](const std::string& word) { return absl::StartsWith(word, name); });
}

const char* SignalsWord(const SpawnSpec& spec, const Order& order) {
  const bool ignore_sigpipe = spec.context->ignore_sigpipe;
  if (order.needs_executor) return ignore_sigpipe ? "X1" : "X0";
  return ignore_sigpipe ? "Y1" : "Y0";
}

void ComposeWords(BirthBlock& block, const SpawnSpec& spec, const Order& order, TextWriter& text) {
  block.words.push_back("socketd-exec");
  if (order.needs_executor) block.words.push_back(text.Put(absl::StrCat("R", 3 + spec.fds.size())));
  block.words.push_back(spec.own_session || order.needs_session ? "S" : "s");
  for (const std::string& word : order.words)
    block.words.push_back(word.c_str());
  if (spec.context->no_new_privileges && !spec.full_privileges) block.words.push_back("P");
  if (!spec.fds.empty()) block.words.push_back("Z");
  block.words.push_back(SignalsWord(spec, order));
  block.words.push_back("=");
  block.words.push_back(text.Put(spec.program));
  for (const std::string& word : spec.argv)
    block.words.push_back(text.Put(word));
  block.words.push_back(nullptr);
}

void ComposeEnvironment(BirthBlock& block,
                        const SpawnSpec& spec,
                        const Order& order,
                        TextWriter& text) {
  for (const std::string& word : spec.environment) {
    // The child writes into what begins so, and there is room for it in our own only.
    const bool stamped = !spec.fds.empty() && (absl::StartsWith(word, "LISTEN_PID=") ||
                                               absl::StartsWith(word, "LISTEN_PIDFDID="));
    if (!stamped) block.environment.push_back(text.Put(word));
  }
  for (const std::string& word : order.environment) {
    if (!Sets(spec.environment, word)) block.environment.push_back(text.Put(word));
  }
  if (!spec.fds.empty()) block.environment.push_back(text.Put(kListenPid));
}

int SourceOf(StreamSource source, int target, const SpawnSpec& spec, const CommonFiles& files) {
  switch (source) {
    case StreamSource::kStdio:
      return spec.stdio != nullptr ? spec.stdio->number() : files.null;
    case StreamSource::kLog:
      return spec.log != nullptr ? spec.log->number() : files.null;
    case StreamSource::kDaemon:
      return target;
    default:
      return files.null;
  }
}

}  // namespace

IdentityQuestion QuestionOf(const ExecContext& context) {
  IdentityQuestion question;
  question.names = {context.user, context.group};
  question.supplementary_groups = context.supplementary_groups;
  question.all_groups = !context.user.empty();
  return question;
}

bool NeedsIdentity(const ExecContext& context) {
  return !context.user.empty() || !context.group.empty() || !context.supplementary_groups.empty();
}

std::shared_ptr<const Order> Orders::Of(const std::shared_ptr<const ExecContext>& context,
                                        const Identity* identity) {
  if (identity == nullptr) {
    const auto found = plain_.find(context.get());
    if (found != plain_.end()) return found->second;
  }
  auto order = std::make_shared<Order>();
  order->context = context;
  OrderWriter({identity, files_, inherited_}, *order).Write();
  if (identity != nullptr) return order;
  if (plain_.size() >= kOrdersMax) {
    absl::erase_if(plain_,
                   [](const auto& entry) { return entry.second->context.use_count() == 1; });
  }
  plain_.emplace(context.get(), order);
  return order;
}

bool Compose(BirthBlock& block,
             const SpawnSpec& spec,
             const std::shared_ptr<const Order>& order,
             const CommonFiles& files) {
  if (order->needs_executor && files.executor < 0) return false;
  TextWriter text(block.text, RoomFor(spec, *order));
  ComposeWords(block, spec, *order, text);
  ComposeEnvironment(block, spec, *order, text);
  if (!spec.fds.empty() && files.pidfd_ids) block.environment.push_back(text.Put(kListenPidfdId));
  block.environment.push_back(nullptr);
  for (int target = 0; target < 3; ++target)
    block.sources.push_back(SourceOf(order->streams[target], target, spec, files));
  for (const Fd* fd : spec.fds)
    block.sources.push_back(fd->number());
  block.kept = order;

  Birth& birth = *block.birth;
  birth.executor = order->needs_executor ? files.executor : -1;
  birth.words = block.words.data();
  birth.environment = block.environment.data();
  return true;
}

}  // namespace socketd
