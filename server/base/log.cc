#include "server/base/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/base/text.h"

namespace socketd {
namespace {

// Lines queued before the oldest is dropped. spdlog makes room for all of them at its start: about
// 0.8 MB.
constexpr size_t kQueuedLines = 2048;
constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%fZ %l %v";

std::shared_ptr<spdlog::logger> MakeSynchronous() {
  auto logger = std::make_shared<spdlog::logger>("socketd",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(kPattern, spdlog::pattern_time_type::utc);
  return logger;
}

// Never destroyed: threads may log until the very end of the process. Main thread only.
spdlog::logger* Keep(std::shared_ptr<spdlog::logger> logger) {
  static auto& loggers = *new std::vector<std::shared_ptr<spdlog::logger>>;
  loggers.push_back(std::move(logger));
  return loggers.back().get();
}

std::atomic<spdlog::logger*>& Current() {
  static std::atomic<spdlog::logger*> current = Keep(MakeSynchronous());
  return current;
}

std::atomic<size_t> reported_dropped{0};

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

void ReportDropped() {
  const auto pool = spdlog::thread_pool();
  if (!pool) return;
  const size_t dropped = pool->overrun_counter();
  const size_t before = reported_dropped.exchange(dropped);
  if (dropped > before) Current().load()->warn("log.dropped lines={}", dropped - before);
}

}  // namespace

void Log(Level level, absl::string_view event, std::initializer_list<LogFact> facts) {
  if (!LogEnabled(level)) return;
  std::string line(event);
  for (const LogFact& fact : facts) {
    absl::StrAppend(&line, " ", fact.key, "=", Quoted(fact.value));
  }
  ReportDropped();
  Current().load()->log(ToSpdlog(level), "{}", line);
}

void LogFailure(Level level,
                absl::string_view event,
                const absl::Status& status,
                std::initializer_list<LogFact> facts) {
  if (!LogEnabled(level)) return;
  std::string line(event);
  for (const LogFact& fact : facts) {
    absl::StrAppend(&line, " ", fact.key, "=", Quoted(fact.value));
  }
  absl::StrAppend(&line, " code=", absl::StatusCodeToString(status.code()),
                  " error=", Quoted(status.message()));
  Current().load()->log(ToSpdlog(level), "{}", line);
}

bool LogEnabled(Level level) {
  return Current().load()->should_log(ToSpdlog(level));
}

void SetLogLevel(Level level) {
  Current().load()->set_level(ToSpdlog(level));
}

void StartLog() {
  spdlog::init_thread_pool(kQueuedLines, 1);
  auto logger = std::make_shared<spdlog::async_logger>(
      "socketd", std::make_shared<spdlog::sinks::stderr_sink_mt>(), spdlog::thread_pool(),
      spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern(kPattern, spdlog::pattern_time_type::utc);
  logger->set_level(Current().load()->level());
  Current().store(Keep(std::move(logger)));
}

void StopLog() {
  Current().load()->flush();
  Current().store(Keep(MakeSynchronous()));
  spdlog::shutdown();
}

}  // namespace socketd
