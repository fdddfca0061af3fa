#include "doctor/repair.h"

namespace mainstay::doctor {

Task<Status> repair(Repair what, AwsSurvey& survey, Call call) {
  if (what.kind == RepairKind::disable_source_dest_check) {
    co_return co_await survey.disable_source_dest_check(what.eni, call);
  }
  const Status made = co_await survey.create_route(what.table, what.destination, what.eni, call);
  if (!made && made.error().code == Code::conflict) co_return Status{};
  co_return made;
}

}  // namespace mainstay::doctor
