import { allocateBytes } from "./memory";
import {
  Acknowledge,
  AnswerCall,
  ClearRecord,
  Design,
  ExposeAtStart,
  Locate,
  TakeReturned,
  acknowledgeNothing,
  answerNothing,
  clearNothing,
} from "./design";
import {
  acknowledge,
  clearIndirect,
  exposeCapture,
  indirectPosition,
  returnGathered,
} from "./designAck";
import { acknowledgeModulo, clearSent } from "./designAckModulo";
import { answerCopies, exposeCaptured, returnOnly } from "./designCopy";
import { answerCopiedBytes } from "./designCopyBytes";
import {
  acknowledgeFinal,
  answerCorrected,
  clearCounts,
  countReturned,
  exposeReady,
  locateByCount,
} from "./designCorrected";
import { exposeMissing, locateByMessages, returnAndExpose } from "./designMmap";
import {
  DESIGN_ACK,
  DESIGN_ACK_MODULO,
  DESIGN_COPY,
  DESIGN_COPY_BYTES,
  DESIGN_CORRECTED,
  DESIGN_MMAP,
} from "./numbers";

/** The designs side by side: the only place that tells one from another. */

function fill(
  design: Design,
  clear: ClearRecord,
  expose: ExposeAtStart,
  returned: TakeReturned,
  locate: Locate,
  acknowledge: Acknowledge,
  answer: AnswerCall,
): void {
  design.clear = changetype<usize>(clear) as u32;
  design.expose = changetype<usize>(expose) as u32;
  design.returned = changetype<usize>(returned) as u32;
  design.locate = changetype<usize>(locate) as u32;
  design.acknowledge = changetype<usize>(acknowledge) as u32;
  design.answer = changetype<usize>(answer) as u32;
}

/** A design's record by DESIGN_*; 0 when RAM is full. */
export function newDesign(number: u32): u32 {
  const address = allocateBytes(offsetof<Design>());
  if (address == 0) return 0;
  const design = changetype<Design>(address as usize);
  switch (number) {
    case DESIGN_MMAP:
      fill(
        design,
        clearNothing,
        exposeMissing,
        returnAndExpose,
        locateByMessages,
        acknowledgeNothing,
        answerNothing,
      );
      break;
    case DESIGN_COPY:
      fill(
        design,
        clearNothing,
        exposeCaptured,
        returnOnly,
        locateByMessages,
        acknowledgeNothing,
        answerCopies,
      );
      break;
    case DESIGN_COPY_BYTES:
      fill(
        design,
        clearNothing,
        exposeCapture,
        returnGathered,
        locateByMessages,
        acknowledgeNothing,
        answerCopiedBytes,
      );
      break;
    case DESIGN_ACK_MODULO:
      fill(
        design,
        clearSent,
        exposeCapture,
        returnGathered,
        locateByMessages,
        acknowledgeModulo,
        answerNothing,
      );
      break;
    case DESIGN_ACK:
      fill(
        design,
        clearIndirect,
        exposeCapture,
        returnGathered,
        indirectPosition,
        acknowledge,
        answerNothing,
      );
      break;
    case DESIGN_CORRECTED:
      fill(
        design,
        clearCounts,
        exposeReady,
        countReturned,
        locateByCount,
        acknowledgeFinal,
        answerCorrected,
      );
      break;
    default:
      unreachable();
  }
  return address;
}
