// Devices that rules ask for, and what this router knows them by: lease files and the neighbour
// table.
#include "devices/asked_devices.h"
#include "devices/lease_book.h"
#include "doctor/checks.h"

namespace weir::doctor {

namespace {

void add_lease_files(const LeaseBook& book, Findings& findings) {
  for (const LeaseSource& source : book.sources) {
    if (source.state == LeaseSource::State::failed) {
      findings.push_back({"devices", Level::fail,
                          "cannot read " + source.path + ": " + source.problem,
                          "let the user of [gateway] read it"});
    } else if (source.bad.count != 0) {
      findings.push_back({"devices", Level::warn,
                          source.path + ":" + std::to_string(source.bad.first) + ": " +
                              source.bad.why +
                              "; lines passed over: " + std::to_string(source.bad.count),
                          ""});
    }
  }
}

}  // namespace

Findings examine_devices(const Subject& subject) {
  if (subject.devices == nullptr || !asks_for_devices(subject.configuration)) {
    return {{"devices", Level::ok, "no rule asks for one", ""}};
  }
  Findings findings;
  if (subject.devices->book() != nullptr) {
    add_lease_files(*subject.devices->book(), findings);
  }
  for (const MissingDevice& missing : missing_devices(subject.configuration, *subject.devices)) {
    findings.push_back(
        {"devices", Level::warn,
         "rule " + missing.rule->name + " asks for " + missing.word + ": " + missing.why,
         missing.word.starts_with("name:")
             ? "name = " + missing.word.substr(5) + " MAC in [devices]"
             : ""});
  }
  if (findings.empty()) {
    findings.push_back({"devices", Level::ok, "known, all that rules ask for", ""});
  }
  return findings;
}

}  // namespace weir::doctor
