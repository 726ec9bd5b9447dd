#include "cli/check.h"

#include <algorithm>
#include <cstdio>

#include "base/json.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "cli/machine_warnings.h"
#include "cli/print_error.h"
#include "firewall/translations.h"

namespace weir {
namespace {

std::string counted(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

Json findings(const Loaded& loaded, Diagnostic::Severity severity) {
  Json out(Json::Kind::array);
  for (const Diagnostic& finding : loaded.diagnostics) {
    if (finding.severity == severity) {
      out.push({{"file", finding.location.file},
                {"line", finding.location.line == 0 ? Json() : Json(finding.location.line)},
                {"text", finding.text}});
    }
  }
  return out;
}

// With what the rules come to on this machine.
Loaded load_here(const std::string& file) {
  Loaded loaded = load(file);
  if (!loaded.configuration) {
    return loaded;
  }
  const auto more = machine_warnings(*loaded.configuration);
  loaded.diagnostics.insert(loaded.diagnostics.end(), more.begin(), more.end());
  if (std::any_of(more.begin(), more.end(), [](const Diagnostic& one) {
        return one.severity == Diagnostic::Severity::error;
      })) {
    loaded.configuration.reset();
  }
  return loaded;
}

int print_json(const std::string& file) {
  const Loaded loaded = load_here(file);
  const std::string text = json_of_check(file, loaded);
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    return 1;
  }
  return loaded.configuration ? 0 : Exit::bad_configuration;
}

}  // namespace

std::string json_of_check(const std::string& file, const Loaded& loaded) {
  Json out{{"file", file},
           {"ok", loaded.configuration.has_value()},
           {"errors", findings(loaded, Diagnostic::Severity::error)},
           {"warnings", findings(loaded, Diagnostic::Severity::warning)}};
  if (loaded.configuration) {
    out.set("rules", loaded.configuration->rules.size());
    out.set("upstreams", loaded.configuration->upstreams.size());
  }
  return json_text(out) + '\n';
}

int run_check(const std::string& file, CheckOutput output) {
  if (output == CheckOutput::json) {
    return print_json(file);
  }
  const Loaded loaded = load_here(file);
  for (const Diagnostic& finding : loaded.diagnostics) {
    print_error(finding.line());
  }
  const auto& configuration = loaded.configuration;
  if (!configuration) {
    return Exit::bad_configuration;
  }
  (void)std::printf("%s: good: %s, %s\n", file.c_str(),
                    counted(configuration->rules.size(), "rule").c_str(),
                    counted(configuration->upstreams.size(), "upstream").c_str());
  const auto translations = firewall::read_translations();
  if (!translations.empty()) {
    (void)std::printf(
        "%s: note: these rules translate destinations (DNAT) before weir, which leaves such flows "
        "alone: %s\n",
        file.c_str(), words(translations).c_str());
  }
  return 0;
}

}  // namespace weir
