#include "catalog/catalog.h"

#include "monitors/registry.h"
#include "resources/registry.h"

namespace mainstay {

const Catalog& catalog() {
  static const Catalog all{resource_schemas(), monitor_schemas()};
  return all;
}

}  // namespace mainstay
