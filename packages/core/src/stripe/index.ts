export { API_VERSION, type StripeClientOptions, stripeClient } from './stripe-client.ts'
export { type StripeGatewayOptions, stripeGateway } from './stripe-gateway.ts'
