#include "apps/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <cstdlib>

#include <fmt/format.h>

namespace mainstay::apps {
namespace {

// As syslog numbers them.
int priority_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return 3;
    case Severity::warning:
      return 4;
    case Severity::information:
      return 6;
  }
  return 6;
}

std::string on_one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return line;
}

}  // namespace

struct Log::Impl {
  Form form;
  std::shared_ptr<spdlog::async_logger> logger;
  // Goes first, and ends its thread, which uses the logger.
  std::shared_ptr<spdlog::details::thread_pool> pool;
};

Log::Form Log::form() {
  return std::getenv("JOURNAL_STREAM") != nullptr ? Form::journal : Form::terminal;
}

Log::Log(Form form) : impl_(std::make_unique<Impl>()) {
  impl_->form = form;
  impl_->pool = std::make_shared<spdlog::details::thread_pool>(log_queue_max, 1);
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_pattern("%v");
  impl_->logger = std::make_shared<spdlog::async_logger>(
      "mainstayd", std::move(sink), impl_->pool, spdlog::async_overflow_policy::overrun_oldest);
}

Log::~Log() = default;

void Log::say(Severity severity, std::string_view subject, std::string_view text) {
  const auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  impl_->logger->info(log_line(impl_->form, now, severity, subject, text));
}

std::string log_line(Log::Form form, WallTime time, Severity severity, std::string_view subject,
                     std::string_view text) {
  if (form == Log::Form::journal) {
    return fmt::format("<{}>{}: {}", priority_of(severity), subject, on_one_line(text));
  }
  return fmt::format("{} {:<11} {}: {}", to_text(time), to_text(severity), subject,
                     on_one_line(text));
}

}  // namespace mainstay::apps
