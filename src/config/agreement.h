// Whether keys that were read one by one fit each other: marks apart, references that lead
// somewhere, nothing that is defined and never used. No state; the thread that loads.
#pragma once

#include "config/documents.h"
#include "config/findings.h"
#include "config/load.h"
#include "config/section_set.h"

namespace weir {

// Pairs of keys. Looks only at sections that are sound: a value that was refused is no reason for a
// second error.
void check_pairs(const SectionSet& sections, Findings& findings);

// `use` and `default` name an upstream or a built-in, and every upstream is named by one of them.
// What the configuration names on this machine: the user to become, the folder of the log.
void check_machine(const SectionSet& sections, const Files& files, Findings& findings);

void check_references(const Configuration& configuration, const Documents& documents,
                      const Schema& schema, Findings& findings);

}  // namespace weir
