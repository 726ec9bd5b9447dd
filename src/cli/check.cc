#include "cli/check.h"

#include <cstdio>

#include <nlohmann/json.hpp>

#include "cli/load.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

std::string counted(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

Json findings(const Loaded& loaded, Diagnostic::Severity severity) {
  Json out = Json::array();
  for (const Diagnostic& finding : loaded.diagnostics) {
    if (finding.severity == severity) {
      out.push_back({{"file", finding.place.file},
                     {"line", finding.place.line == 0 ? Json() : Json(finding.place.line)},
                     {"text", finding.text}});
    }
  }
  return out;
}

int print_json(const std::string& file) {
  const Loaded loaded = load(file);
  const std::string text = json_of_check(file, loaded);
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    return 1;
  }
  return loaded.configuration ? 0 : bad_configuration;
}

}  // namespace

std::string json_of_check(const std::string& file, const Loaded& loaded) {
  Json out{{"file", file},
           {"ok", loaded.configuration.has_value()},
           {"errors", findings(loaded, Diagnostic::Severity::error)},
           {"warnings", findings(loaded, Diagnostic::Severity::warning)}};
  if (loaded.configuration) {
    out["rules"] = loaded.configuration->rules.size();
    out["upstreams"] = loaded.configuration->upstreams.size();
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

int run_check(const std::string& file, CheckOutput output) {
  if (output == CheckOutput::json) {
    return print_json(file);
  }
  const auto configuration = load_or_report(file);
  if (!configuration) {
    return bad_configuration;
  }
  (void)std::printf("%s: good: %s, %s\n", file.c_str(),
                    counted(configuration->rules.size(), "rule").c_str(),
                    counted(configuration->upstreams.size(), "upstream").c_str());
  return 0;
}

}  // namespace weir
