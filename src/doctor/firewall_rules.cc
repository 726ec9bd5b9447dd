// Are the rules there that this configuration implies? What they should look like is found out by
// installing them in a throwaway network and reading them back, so that it is the kernel's words on
// both sides.
#include "doctor/checks.h"
#include "doctor/sandbox.h"
#include "firewall/install.h"
#include "firewall/installed.h"

namespace weir::doctor {

namespace {

constexpr char good = '+';

Result<std::string> text_of(const firewall::Ruleset& ruleset, firewall::Backend backend) {
  const auto text = in_new_network([&]() -> std::string {
    if (const auto applied = firewall::apply(ruleset, backend); !applied) {
      return applied.error().text();
    }
    const auto installed = firewall::installed_text(backend);
    return installed ? good + installed.value() : installed.error().text();
  });
  if (!text) {
    return text.error();
  }
  if (!text.value().starts_with(good)) {
    return Error(text.value());
  }
  return text.value().substr(1);
}

// Of a gateway that drains the rules that let new flows pass, where those are what is there.
Result<std::string> expected_text(const Subject& subject, const std::string& installed) {
  if (subject.running && subject.running->draining) {
    auto draining = text_of(firewall::while_draining(subject.ruleset), subject.backend);
    if (draining && draining.value() == installed) {
      return draining;
    }
  }
  return text_of(subject.ruleset, subject.backend);
}

// What rules do that stand while no weir runs.
Finding without_gateway(const Subject& subject, const std::string& backend) {
  const std::string fix = "weir firewall remove -c " + subject.configuration.file;
  const std::string there = backend + ": weir's rules are installed, and weir does not run: ";
  if (subject.ruleset.on_failure == OnFailure::closed) {
    return {"firewall-rules", Level::fail,
            there + "what they intercept is refused (firewall.on-failure = closed)", fix};
  }
  if (subject.backend == firewall::Backend::iptables) {
    return {"firewall-rules", Level::fail,
            there + "what they intercept gets no answer, because TPROXY of iptables drops it", fix};
  }
  if (subject.ruleset.has(firewall::Verdict::reject) ||
      subject.ruleset.has(firewall::Verdict::drop)) {
    return {"firewall-rules", Level::warn,
            there + "everything passes but what they reject or drop themselves", fix};
  }
  return {"firewall-rules", Level::ok, there + "everything passes", ""};
}

}  // namespace

Findings examine_firewall_rules(const Subject& subject) {
  const std::string apply = "weir firewall apply -c " + subject.configuration.file;
  const auto installed = firewall::installed_text(subject.backend);
  if (!installed) {
    return {
        {"firewall-rules", Level::fail, installed.error().text(), "apt install nftables iproute2"}};
  }
  const std::string backend(name_of(subject.backend));
  if (installed.value().empty()) {
    if (subject.running) {
      return {{"firewall-rules", Level::fail,
               "weir runs, but its firewall rules are not installed: nothing is intercepted",
               apply}};
    }
    return {{"firewall-rules", Level::warn, "none are installed: nothing is intercepted",
             "weir run --firewall -c " + subject.configuration.file}};
  }
  const auto expected = expected_text(subject, installed.value());
  if (!expected) {
    return {
        {"firewall-rules", Level::warn,
         "weir's rules (" + backend +
             ") are installed, but cannot be compared with this file: " + expected.error().text(),
         apply}};
  }
  if (installed.value() != expected.value()) {
    return {{"firewall-rules", Level::fail,
             "weir's rules (" + backend + ") are not those of " + subject.configuration.file +
                 ": the file was changed, or another program changed the rules",
             subject.running ? "weir reload, or " + apply : apply}};
  }
  if (!subject.running) {
    return {without_gateway(subject, backend)};
  }
  return {{"firewall-rules", Level::ok,
           backend + ": installed, as " + subject.configuration.file + " implies", ""}};
}

}  // namespace weir::doctor
