import { allUnsupported, choiceBut, object, type Param, unsupported } from '../engine/params.ts'

/** What Stripe takes besides cards. */
export const otherMethodTypes = [
  ...['acss_debit', 'affirm', 'afterpay_clearpay', 'alipay', 'alma', 'amazon_pay', 'au_becs_debit', 'bacs_debit'],
  ...['bancontact', 'billie', 'bizum', 'blik', 'boleto', 'cashapp', 'crypto', 'custom', 'customer_balance', 'eps'],
  ...['fpx', 'giropay', 'grabpay', 'ideal', 'interac_present', 'kakao_pay', 'klarna', 'konbini', 'kr_card', 'link'],
  ...['mb_way', 'mobilepay', 'multibanco', 'naver_pay', 'nz_bank_account', 'oxxo', 'p24', 'pay_by_bank', 'payco'],
  ...['paynow', 'paypal', 'paypay', 'payto', 'pix', 'promptpay', 'revolut_pay', 'samsung_pay', 'satispay', 'scalapay'],
  ...['sepa_debit', 'sequra', 'sofort', 'sunbit', 'swish', 'twint', 'upi', 'us_bank_account', 'wechat_pay', 'zip'],
] as const

const cardOptions = [
  ...['capture_method', 'cvc_token', 'installments', 'mandate_options', 'moto', 'network'],
  ...[
    'request_extended_authorization',
    'request_incremental_authorization',
    'request_multicapture',
    'request_overcapture',
  ],
  ...['require_cvc_recollection', 'setup_credential_usage', 'setup_future_usage', 'statement_descriptor_suffix_kana'],
  ...['statement_descriptor_suffix_kanji', 'stored_credential_usage', 'three_d_secure'],
] as const

/** The type of a payment method. Stripe gets new ones often, so any but `card` counts as one that is not imitated. */
export const methodType = (): Param<'card', false> => ({
  required: false,
  read: (value, name) => (value === 'card' ? value : unsupported().read(value, name)),
})

/** `payment_method_options` of an intent. */
export const methodOptions = () =>
  object({
    ...allUnsupported([...otherMethodTypes, 'card_present']),
    card: object({
      ...allUnsupported(cardOptions),
      // Which card asks for 3-D Secure is decided by its test id alone, so asking for it is refused and not passed over.
      request_three_d_secure: choiceBut(['automatic'], ['any', 'challenge']),
    }),
  })
