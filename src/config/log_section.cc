#include <array>
#include <string_view>

#include "base/suggest.h"
#include "config/paths.h"
#include "config/sections.h"

namespace weir {
namespace {

LogLevel level_of(std::string_view word) {
  return word == "debug"     ? LogLevel::debug
         : word == "warning" ? LogLevel::warning
         : word == "error"   ? LogLevel::error
                             : LogLevel::info;
}

LogFlows flows_of(std::string_view word) {
  return word == "none" ? LogFlows::none : word == "errors" ? LogFlows::errors : LogFlows::all;
}

void read_target(const Settings& settings, Findings& findings, LogSettings& out) {
  constexpr std::array<std::string_view, 4> words{"stderr", "journal", "syslog", "file:PATH"};
  constexpr std::string_view file = "file:";
  const std::string& text = settings.text("target");
  const SourceLocation location = settings.location_of("target");
  if (text == "stderr") {
    out.target = LogTarget::standard_error;
  } else if (text == "journal") {
    out.target = LogTarget::journal;
  } else if (text == "syslog") {
    out.target = LogTarget::syslog;
  } else if (text.starts_with(file)) {
    out.target = LogTarget::file;
    out.path = text.substr(file.size());
    check_absolute(out.path, "target", location, findings);
  } else {
    const std::string hint =
        text.starts_with('/') ? ", did you mean 'file:" + text + "'?" : did_you_mean(text, words);
    findings.error(location, "'target': unknown word '" + text + "'" + hint +
                                 " (one of stderr, journal, syslog, file:PATH)");
  }
}

}  // namespace

LogFlows log_flows_of(const Settings& settings, std::string_view key) {
  return flows_of(settings.text(key));
}

LogSettings log_section(const Settings& settings, Findings& findings) {
  LogSettings out;
  out.level = level_of(settings.text("level"));
  out.format = settings.text("format") == "json" ? LogFormat::json : LogFormat::text;
  read_target(settings, findings, out);
  out.flows = flows_of(settings.text("flows"));
  return out;
}

}  // namespace weir
