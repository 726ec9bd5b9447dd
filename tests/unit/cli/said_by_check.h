// What one kind of `weir check`'s warnings says of a made-up file.
#pragma once

#include <string>
#include <vector>

#include "catch.h"
#include "config/made_up_files.h"
#include "upstream/assembly.h"

namespace weir {

using SaidLines = std::vector<std::string>;
using Warnings = std::vector<Diagnostic> (*)(const Configuration&, UpstreamAssembly&);

// "LINE: TEXT"
inline SaidLines said_by(Warnings warnings, const std::string& text) {
  const auto loaded = load_text(text, {{"ads.list", "ads.example\n"}});
  REQUIRE(loaded.configuration);
  ServerPool scratch;
  UpstreamAssembly assembly(loaded.configuration->upstreams, scratch);
  SaidLines out;
  for (const Diagnostic& finding : warnings(*loaded.configuration, assembly)) {
    CHECK(finding.severity == Diagnostic::Severity::warning);
    CHECK(finding.location.file == "weir.ini");
    out.push_back(std::to_string(finding.location.line) + ": " + finding.text);
  }
  return out;
}

// [rule NAME] with that line of ports, `use`, and more lines.
inline std::string rule_text(const std::string& name, const std::string& on, const std::string& use,
                             const std::string& more = "") {
  return "[rule " + name + "]\non = " + on + "\nuse = " + use + "\n" +
         (more.empty() ? "" : more + "\n");
}

}  // namespace weir
