import type { PaymentGateway } from '../src/ports/gateway.ts'

/** How a request is sent that left before others took its operation: nobody asks any more whether it may be. */
export const onItsWay = ({ idempotencyKey }: Parameters<PaymentGateway['send']>[1]) => ({ idempotencyKey })
